<p>Hello, {name}</p>

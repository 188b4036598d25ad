const LONGEST = 60;

/** A value as an error message may show it: short, on one line, without a URL's credentials or the inside of an object. */
export function shownValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shortened(withoutSecrets(value)));
  if (typeof value === 'function') return isAsync(value) ? 'an async function' : 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null)
    return isOfNumbers(value) ? shortened(JSON.stringify(value)) : 'an object';
  return typeof value === 'symbol' ? 'a symbol' : String(value);
}

/** A variable's value; nothing of it where the name speaks of a secret. */
export function shownSetting(name: string, value: string): string {
  return /KEY|SECRET|TOKEN|PASS|PWD|AUTH|CREDENTIAL/i.test(name) ? 'not shown here' : shownValue(value);
}

export function isAsync(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object AsyncFunction]';
}

/** Such as `textSizeTiers`: short, and no place for a secret. */
function isOfNumbers(value: object): boolean {
  const values = Object.values(value);
  return values.length > 0 && values.length <= 3 && values.every((item) => typeof item === 'number');
}

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

/** The last `@` ends the credentials, even where they hold unescaped delimiters and the URL as a whole is wrong. */
function withoutSecrets(text: string): string {
  const scheme = /^[a-z][a-z\d+.-]*:\/+/i.exec(text)?.[0] ?? '';
  const end = text.lastIndexOf('@');
  if (end !== -1 && /:/.test(text.slice(0, end))) return `${scheme}***@${withoutQueryValues(text.slice(end + 1))}`;
  if (scheme !== '' && !URL.canParse(text)) return `${scheme}…`;
  return withoutQueryValues(text);
}

function withoutQueryValues(text: string): string {
  return text.replace(/([?&][^=&]*=)[^&]*/g, '$1***');
}

-- Arguments: method, path, file of the body or '-', from, count, then header names and values in turn.
local before, after, from, count, next_number = nil, nil, 0, 1, 0
local in_path = false

function init(args)
  wrk.method = args[1]
  local path, file = args[2], args[3]
  from, count = tonumber(args[4]), tonumber(args[5])
  for index = 6, #args, 2 do wrk.headers[args[index]] = args[index + 1] end
  local body = nil
  if file ~= '-' then
    local handle = assert(io.open(file, 'rb'))
    body = handle:read('*a')
    handle:close()
  end
  local text = body or path
  in_path = body == nil
  local at, to = text:find('{n}', 1, true)
  if at == nil then
    wrk.path, wrk.body = path, body
    local whole = wrk.format(nil, path, nil, body)
    request = function() return whole end
    return
  end
  before, after = text:sub(1, at - 1), text:sub(to + 1)
  request = function()
    local text_now = before .. (from + next_number) .. after
    next_number = (next_number + 1) % count
    if in_path then return wrk.format(nil, text_now) end
    return wrk.format(nil, path, nil, text_now)
  end
end

function done(summary)
  local failed = summary.errors
  local errors = failed.connect + failed.read + failed.write + failed.timeout + failed.status
  io.write(string.format('measured %d %d %d\n', summary.requests, summary.duration, errors))
end

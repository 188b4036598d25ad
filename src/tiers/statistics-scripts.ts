/**
 * Statistics of all processes, as Redis keeps them: of each process a hash of its own totals, and one hash of the totals of those
 * that have ended. A write sets totals rather than adding to them, so that one that timed out and is sent again, or lands late,
 * counts nothing twice.
 *
 *     key               member or field      value
 *     …:stats           a series             totals of ended processes, numbers with spaces between them
 *     …:stats:writers   a process            when it last wrote, ms
 *     …:stats:w:<id>    a series             totals of that process
 *                       #seq                 the write these are from
 *                       #state               absent while it runs, else `folded` or `closed`: its totals are in …:stats too
 *
 * A process that has been silent for long is folded into the totals; where it comes back, it is taken out of them again. A closed
 * one leaves its hash for a while, so that a late write finds it closed. What nobody has written to for ninety days goes.
 */

/** KEYS[1]: the totals, [2]: the writers, [3]: the hash of one of them. */
const COMMON = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function fold(series, totals, sign, most, other)
  local old = redis.call('HGET', KEYS[1], series)
  if not old and redis.call('HLEN', KEYS[1]) >= most then
    series = other
    old = redis.call('HGET', KEYS[1], series)
  end
  if not old and sign < 0 then return end
  local sums = {}
  for number in string.gmatch(old or '', '%S+') do sums[#sums + 1] = tonumber(number) end
  local place = 0
  for number in string.gmatch(totals, '%S+') do
    place = place + 1
    sums[place] = math.max(0, (sums[place] or 0) + sign * tonumber(number))
  end
  for at, sum in ipairs(sums) do sums[at] = string.format('%.17g', sum) end
  redis.call('HSET', KEYS[1], series, table.concat(sums, ' '))
end

local function keep(key)
  redis.call('PEXPIRE', key, 7776000000)
end

local function foldAll(sign, most, other)
  local fields = redis.call('HGETALL', KEYS[3])
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, 1) ~= '#' then fold(fields[at], fields[at + 1], sign, most, other) end
  end
end
`;

/**
 * ARGV 1: the process, 2: the number of this write, 3: `whole` where it holds all series, else the write that Redis must have, 4: how
 * many series the totals hold at the most, 5: the series that takes the others, 6: how long a process may be silent, ms; then series
 * and totals in turn. Replies `written` and processes to fold, or `late`, or `closed`, or `whole`: Redis has lost what was written
 * before, all of it or, as where an older snapshot came back, the end.
 */
export const WRITE = `${COMMON}
local state = redis.call('HGET', KEYS[3], '#state')
if state == 'closed' then return {'closed'} end
local last = redis.call('HGET', KEYS[3], '#seq')
if ARGV[3] ~= 'whole' and (not last or tonumber(last) < tonumber(ARGV[3])) then return {'whole'} end
if last and tonumber(last) >= tonumber(ARGV[2]) then return {'late'} end
if state == 'folded' then
  foldAll(-1, tonumber(ARGV[4]), ARGV[5])
  redis.call('HDEL', KEYS[3], '#state')
end
redis.call('HSET', KEYS[3], '#seq', ARGV[2])
for at = 7, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1]) end
redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[1])
for _, key in ipairs(KEYS) do keep(key) end
local before = string.format('%.0f', now - ARGV[6])
return {'written', unpack(redis.call('ZRANGE', KEYS[2], '-inf', before, 'BYSCORE', 'LIMIT', 0, 10))}
`;

/**
 * ARGV 1: the process, 2: `folded` or `closed`, 3: how long its hash stays, ms, 4: for `folded` how long it must have been silent, ms,
 * 5 and 6: as WRITE's 4 and 5. Replies 1 where the totals have grown by it.
 */
export const FOLD = `${COMMON}
if ARGV[2] == 'folded' then
  local heard = redis.call('ZSCORE', KEYS[2], ARGV[1])
  if not heard or tonumber(heard) > now - ARGV[4] then return 0 end
end
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
local isNew = not redis.call('HGET', KEYS[3], '#state')
if isNew then foldAll(1, tonumber(ARGV[5]), ARGV[6]) end
keep(KEYS[1])
redis.call('HSET', KEYS[3], '#state', ARGV[2])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return isNew and 1 or 0
`;

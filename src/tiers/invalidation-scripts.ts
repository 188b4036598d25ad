/**
 * What Redis does at once. The log is one sorted set, so that eviction or FLUSHALL takes all of it or nothing:
 *
 *     member          score
 *     !               the floor: what was logged up to here has been forgotten
 *     an item, JSON   its place (invalidation-item.ts)
 *     ~<epoch>        the place of the last item; sorts behind an item of the same score
 *
 * Without it no entry can be judged, so it outlives what processes that run write: each time it is opened or written to it gets
 * thirty days more. Arguments of scripts are public (DESIGN section 6): labels and digests, no bodies.
 */

/** KEYS[1]: the log. ARGV 1: an epoch for a new log, 2 and 3: the epoch and place that the caller knows. */
const OPEN_LOG = `
-- First: a script that has begun to write may go on where Redis has no memory left, and this one is to free some.
redis.call('PEXPIRE', KEYS[1], 2592000000)
local head = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if head[1] == '~' .. ARGV[2] and tonumber(head[2]) < tonumber(ARGV[3]) then
  -- Redis has lost its end, as after a failover: nothing can be judged by what is left.
  redis.call('DEL', KEYS[1])
  head = {}
end
if not head[1] then
  head = {'~' .. ARGV[1], '0'}
  redis.call('ZADD', KEYS[1], 0, '!', 0, head[1])
  redis.call('PEXPIRE', KEYS[1], 2592000000)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- A list that was lost, as by a restart, knows nothing of the leases that others still hold.
local born = redis.call('ZSCORE', KEYS[2], '!')
if not born then
  born = -now
  redis.call('ZADD', KEYS[2], string.format('%.0f', born), '!')
end
redis.call('PEXPIRE', KEYS[2], 2592000000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], 0, string.format('%.0f', now))
`;

/**
 * KEYS[2]: the members, by the time until which they must be waited for, and `!`, by when the list began, negative. ARGV 4: this
 * member, or nothing, 5: for how long, ms. Replies with head and the number of members of the log.
 */
export const OPEN = `${OPEN_LOG}
if ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[5]), ARGV[4])
end
return {head[1], head[2], redis.call('ZCARD', KEYS[1])}
`;

/**
 * ARGV 4: the item, 5: how many items the log holds at the most, 6: the channel of news, 7: where members say that they have read
 * them. Replies with head, floor, the members to wait for, and for how many ms there has been a list of them.
 */
export const APPEND = `${OPEN_LOG}
local place = string.format('%.0f', tonumber(head[2]) + 1)
redis.call('ZADD', KEYS[1], place, ARGV[4], place, head[1])
local spare = redis.call('ZCARD', KEYS[1]) - 2 - tonumber(ARGV[5])
if spare > 0 then
  spare = math.min(spare + math.floor(tonumber(ARGV[5]) / 10), 1000)
  local last = redis.call('ZRANGE', KEYS[1], spare, spare, 'WITHSCORES')
  redis.call('ZREMRANGEBYRANK', KEYS[1], 1, spare)
  redis.call('ZADD', KEYS[1], last[2], '!')
end
local floor = redis.call('ZSCORE', KEYS[1], '!')
local members = redis.call('ZRANGE', KEYS[2], 0, '+inf', 'BYSCORE')
redis.call('PUBLISH', ARGV[6], table.concat({string.sub(head[1], 2), place, floor, ARGV[7], ARGV[4]}, ' '))
return {head[1], place, floor, members, string.format('%.0f', now + born)}
`;

/**
 * KEYS: indexes. ARGV 1: the member, 2: how long its entry lives, ms. Each write also takes some expired members away, so that
 * an index holds no more than was written in a lifetime.
 */
export const INDEX = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expiry = string.format('%.0f', now + ARGV[2])
for _, index in ipairs(KEYS) do
  redis.call('ZADD', index, expiry, ARGV[1])
  local gone = redis.call('ZRANGE', index, '-inf', string.format('%.0f', now - 1000), 'BYSCORE', 'LIMIT', 0, 20)
  if #gone > 0 then redis.call('ZREM', index, unpack(gone)) end
  if redis.call('PTTL', index) < tonumber(ARGV[2]) + 1000 then redis.call('PEXPIRE', index, ARGV[2] + 60000) end
end
return #KEYS
`;

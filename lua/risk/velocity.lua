-- Orders of the last hour per subject, in buckets of the order's own time: a ring of "stamp:count" slots in one small hash.

-- Counts one order in the bucket, unless its slot has passed on to a later hour.
local function bump(key, bucket, buckets, keep_seconds)
  local slot = bucket % buckets
  local stamp, count = string.match(redis.call('HGET', key, slot) or '-1:0', '^(%-?%d+):(%d+)$')
  stamp, count = tonumber(stamp), tonumber(count)
  if stamp <= bucket then
    redis.call('HSET', key, slot, bucket .. ':' .. ((stamp == bucket and count or 0) + 1))
    redis.call('EXPIRE', key, keep_seconds)
  end
end

-- The orders in the buckets up to and with this one.
local function sum(key, bucket, buckets)
  local total = 0
  for _, slot in ipairs(redis.call('HVALS', key)) do
    local stamp, count = string.match(slot, '^(%d+):(%d+)$')
    stamp, count = tonumber(stamp), tonumber(count)
    if stamp > bucket - buckets and stamp <= bucket then total = total + count end
  end
  return total
end

-- How many different ones of these subjects are on the blacklist.
local function count_listed(key, subjects)
  local listed, seen = 0, {}
  for i, yes in ipairs(redis.call('HMGET', key, unpack(subjects))) do
    if yes and not seen[subjects[i]] then listed = listed + 1; seen[subjects[i]] = true end
  end
  return listed
end


-- Effects of a stretch of the log on the wire, with the wire's watermark, all or nothing and exactly once.
-- KEYS[1]  the brand's prefix, which carries its hash tag
-- ARGV[1]  the stretch's first number minus one; ARGV[2] its last number
-- ARGV[3]  JSON list of operations; ARGV[4], ARGV[5] seconds an order and a counter are kept; ARGV[6] seconds of a bucket;
-- ARGV[7]  buckets; ARGV[8] tokens kept per member; ARGV[9] the log's hash at the last number
-- answers  the watermark: ARGV[2], or where the wire really stands if it does not stand at ARGV[1]
local p = KEYS[1]
local stands = tonumber(redis.call('HGET', p .. ':w', 'seq') or '0')
if stands ~= tonumber(ARGV[1]) then return stands end

local buckets = tonumber(ARGV[7])

local function count_order(op)
  local fresh = redis.call('SET', p .. ':o:' .. op.order_id, '1', 'NX', 'EX', ARGV[4])
  local bucket = math.floor(op.placed_ms / 1000 / tonumber(ARGV[6]))
  local features = {}
  for _, subject in ipairs(op.velocity) do
    local key = p .. ':v:' .. subject[2]
    if fresh then bump(key, bucket, buckets, ARGV[5]) end
    if op.wanted then features[subject[1] .. '_orders'] = sum(key, bucket, buckets) end
  end
  if op.wanted then
    local subjects = redis.call('SMEMBERS', p .. ':k:' .. op.buyer_id)
    for _, subject in ipairs(op.subjects) do subjects[#subjects + 1] = subject end
    features.blacklisted = count_listed(p .. ':black', subjects)
    redis.call('HSET', p .. ':f', op.seq, cjson.encode(features))
  end
end

for _, op in ipairs(cjson.decode(ARGV[3])) do
  local do_ = op.op
  if do_ == 'order' then
    count_order(op)
  elseif do_ == 'tokens' then
    local key = p .. ':k:' .. op.member_id
    for _, token in ipairs(op.tokens) do
      if redis.call('SCARD', key) < tonumber(ARGV[8]) then redis.call('SADD', key, token) end
    end
  elseif do_ == 'bound' then
    redis.call('HSET', p .. ':m:' .. op.member_id, 'bound', op.promoter_id .. '|' .. string.format('%.0f|%.0f', op.since_ms, op.until_ms))
  elseif do_ == 'approved' then
    redis.call('HSET', p .. ':m:' .. op.member_id, 'approved', string.format('%.0f', op.at_ms), 'inviter', op.inviter_id)
  elseif do_ == 'moved' then
    redis.call('HSET', p .. ':m:' .. op.member_id, 'inviter', op.inviter_id)
  elseif do_ == 'listed' then
    if redis.call('HSETNX', p .. ':listings', op.entry_id, op.subject) == 1 then
      redis.call('HINCRBY', p .. ':black', op.subject, 1)
    end
  elseif do_ == 'lifted' then
    local subject = redis.call('HGET', p .. ':listings', op.entry_id)
    if subject then
      redis.call('HDEL', p .. ':listings', op.entry_id)
      if redis.call('HINCRBY', p .. ':black', subject, -1) <= 0 then redis.call('HDEL', p .. ':black', subject) end
    end
  end
end
redis.call('HSET', p .. ':w', 'seq', ARGV[2], 'hash', ARGV[9])
return tonumber(ARGV[2])

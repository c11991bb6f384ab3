-- Effects of a stretch of the log on the wire, with the wire's watermark, all or nothing and exactly once.
-- KEYS[1]  the brand's prefix, which carries its hash tag
-- ARGV[1]  the stretch's first number minus one; ARGV[2] its last number; ARGV[3] the log's hash there; ARGV[4] JSON list of
--          operations; ARGV[5] the shape of the wire that they make
-- ARGV[6]  seconds an order is kept; ARGV[7] orders kept per subject and hour; ARGV[8] intervals kept per member
-- answers  the watermark: ARGV[2], or where the wire really stands if it does not stand at ARGV[1]
local p = KEYS[1]
local stands = tonumber(redis.call('HGET', p .. ':w', 'seq') or '0')
if stands ~= tonumber(ARGV[1]) then return stands end

local orders_max, intervals_max = tonumber(ARGV[7]), tonumber(ARGV[8])

local function count_order(op)
  local features = {}
  for _, subject in ipairs(op.velocity) do
    local name, key = subject[1], p .. ':v:' .. subject[2]
    count(key, op.counted_us, op.order_id, op.buyer_id, orders_max, ARGV[6])
    if op.wanted then
      local orders, full = around(key, op.counted_us, orders_max)
      features[name .. '_orders'] = most(orders, full, op.counted_us, HOUR, orders_max)
      if name == 'device' then
        local _, buyers = most(orders, full, op.counted_us, TEN_MINUTES, orders_max)
        features.device_buyers = buyers
      end
    end
    if name == 'device' then count_checked(p, op, subject[2], true, orders_max, ARGV[6]) end
  end
  if op.wanted then redis.call('HSET', p .. ':f', op.seq, cjson.encode(features)) end
end

-- Keeps who was bound to whom, or invited by whom, and when: lines of "who|from|to", the end left out while it is open.
-- Of too many the one that ended first goes, and with it all that could be said of instants before its end.
local function keep(id, name, who, from, upto)
  local key, lines = p .. ':m:' .. id, {}
  for line in string.gmatch(redis.call('HGET', key, name) or '', '[^\n]+') do lines[#lines + 1] = line end
  lines[#lines + 1] = who .. '|' .. from .. '|' .. upto
  if #lines > intervals_max then
    local first, ended
    for i, line in ipairs(lines) do
      local at = tonumber(string.match(line, '(%d+)$'))
      if at and (not ended or at < ended) then first, ended = i, at end
    end
    table.remove(lines, first)
    local forgotten = tonumber(redis.call('HGET', key, name .. '_forgotten') or '0')
    redis.call('HSET', key, name .. '_forgotten', text(math.max(forgotten, ended)))
  end
  redis.call('HSET', key, name, table.concat(lines, '\n'))
end

local function invite(op)
  if op.inviter_id ~= '' then keep(op.member_id, 'inviters', op.inviter_id, text(op.at_us), '') end
end

local function end_invitation(op)
  local key = p .. ':m:' .. op.member_id
  local lines = redis.call('HGET', key, 'inviters')
  if lines then redis.call('HSET', key, 'inviters', (string.gsub(lines .. '\n', '|\n', '|' .. text(op.at_us) .. '\n'))) end
end

for _, op in ipairs(cjson.decode(ARGV[4])) do
  local do_ = op.op
  if do_ == 'order' then
    count_order(op)
  elseif do_ == 'tokens' then
    if #op.tokens > 0 then redis.call('SADD', p .. ':k:' .. op.member_id, unpack(op.tokens)) end
    if #op.listable > 0 then redis.call('SADD', p .. ':n:' .. op.member_id, unpack(op.listable)) end
  elseif do_ == 'bound' then
    keep(op.member_id, 'bound', op.promoter_id, text(op.since_us), text(op.until_us))
  elseif do_ == 'approved' then
    redis.call('HSET', p .. ':m:' .. op.member_id, 'approved', text(op.at_us))
    invite(op)
  elseif do_ == 'moved' then
    end_invitation(op)
    invite(op)
  elseif do_ == 'listed' then
    if redis.call('HSETNX', p .. ':listings', op.entry_id, op.subject) == 1 then
      redis.call('HINCRBY', p .. ':black', op.subject, 1)
      redis.call('SADD', p .. ':listed', op.subject)
    end
  elseif do_ == 'lifted' then
    local subject = redis.call('HGET', p .. ':listings', op.entry_id)
    if subject then
      redis.call('HDEL', p .. ':listings', op.entry_id)
      if redis.call('HINCRBY', p .. ':black', subject, -1) <= 0 then
        redis.call('HDEL', p .. ':black', subject)
        redis.call('SREM', p .. ':listed', subject)
      end
    end
  end
end
redis.call('HSET', p .. ':w', 'seq', ARGV[2], 'hash', ARGV[3], 'shape', ARGV[5])
return tonumber(ARGV[2])

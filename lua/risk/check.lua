-- One check in one round trip: who stands above the buyer, what they share, what is blacklisted, how fast orders come.
-- KEYS[1]  the brand's prefix, which carries its hash tag
-- ARGV[1]  JSON {order_id, buyer_id, promoter_id|"", placed_ms, tokens: ["device:…"], velocity: [["device","device:…"]…]}
-- ARGV[2]  seconds an order is remembered; ARGV[3] seconds a counter is kept; ARGV[4] seconds of a bucket; ARGV[5] buckets
-- answers  JSON {seq, how, chain: [{level, member_id, is_buyer}], ties: [{level, token, named}], blacklisted, velocity: {kind: n}}
local p, ask = KEYS[1], cjson.decode(ARGV[1])

local function member(id)
  local row = redis.call('HMGET', p .. ':m:' .. id, 'bound', 'inviter', 'approved')
  return {bound = row[1], inviter = row[2], approved = row[3]}
end

local function promoter_of(buyer)
  if buyer.bound then
    local who, since, till = string.match(buyer.bound, '^(.*)|(%-?%d+)|(%-?%d+)$')
    if tonumber(since) <= ask.placed_ms and ask.placed_ms < tonumber(till) then return who, 'bound' end
  end
  if ask.promoter_id ~= '' and ask.promoter_id ~= ask.buyer_id then
    local named = member(ask.promoter_id)
    if named.approved and tonumber(named.approved) <= ask.placed_ms then return ask.promoter_id, 'named' end
  end
  if buyer.approved and tonumber(buyer.approved) <= ask.placed_ms and buyer.inviter then return buyer.inviter, 'inviter' end
end

local chain, ties = {}, {}
local buyer = member(ask.buyer_id)
local above, how = promoter_of(buyer)
local own = redis.call('SMEMBERS', p .. ':k:' .. ask.buyer_id)
local is_own = {}
for _, token in ipairs(own) do is_own[token] = true end
local tokens = own
for _, token in ipairs(ask.tokens) do if not is_own[token] then tokens[#tokens + 1] = token end end

local people = {'member:' .. ask.buyer_id}
for level = 1, 3 do
  if not above or above == '' then break end
  chain[level] = {level = level, member_id = above, is_buyer = above == ask.buyer_id}
  people[#people + 1] = 'member:' .. above
  if above ~= ask.buyer_id and #tokens > 0 then
    local shared = redis.call('SMISMEMBER', p .. ':k:' .. above, unpack(tokens))
    for i, yes in ipairs(shared) do
      if yes == 1 then ties[#ties + 1] = {level = level, token = tokens[i], named = not is_own[tokens[i]]} end
    end
  end
  above = redis.call('HGET', p .. ':m:' .. above, 'inviter')
end

for _, subject in ipairs(tokens) do people[#people + 1] = subject end
for _, subject in ipairs(ask.velocity) do people[#people + 1] = subject[2] end
local listed = count_listed(p .. ':black', people)

-- an order counts once, an old one whose buckets have passed not at all
local fresh = redis.call('SET', p .. ':o:' .. ask.order_id, '1', 'NX', 'EX', ARGV[2])
local buckets = tonumber(ARGV[5])
local bucket = math.floor(ask.placed_ms / 1000 / tonumber(ARGV[4]))
local counts = {}
for _, subject in ipairs(ask.velocity) do
  local key = p .. ':v:' .. subject[2]
  if fresh then bump(key, bucket, buckets, ARGV[3]) end
  counts[subject[1]] = sum(key, bucket, buckets)
end
return cjson.encode({how = how, chain = chain, ties = ties, blacklisted = listed, velocity = counts,
                     seq = tonumber(redis.call('HGET', p .. ':w', 'seq') or '0')})

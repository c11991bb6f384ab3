-- One check in one round trip: who stands above the buyer, what they share, what is listed, how fast orders come.
-- KEYS[1]  the brand's prefix, which carries its hash tag
-- ARGV[1]  JSON {order_id, buyer_id, promoter_id|"", placed_us, counted_us, tying: ["Device:…"], listable: ["Phone:…"],
--          velocity: [["device", "Device:…"]…]}; the first four instants and ids as the order tells them
-- ARGV[2]  the shape of a wire that this script reads; ARGV[3] seconds an order is kept; ARGV[4] orders kept per subject and hour
-- answers  JSON {seq, known, chain: [{level, member_id}], ties: [{level, token, named}], listed: ["Phone:…"],
--          velocity: {device_orders: n, device_buyers: n…}}; seq is 0 for a wire of another shape, and known is false when
--          the order is older than what is kept of somebody's past
local p, ask = KEYS[1], cjson.decode(ARGV[1])
local orders_max, known = tonumber(ARGV[4]), true

-- Whom the last told of the intervals that hold the order's instant names; nobody is nil.
local function holding(lines, forgotten)
  if forgotten and ask.placed_us < tonumber(forgotten) then known = false end
  local who
  for line in string.gmatch(lines or '', '[^\n]+') do
    local named, from, upto = string.match(line, '^(.*)|(%d+)|(%d*)$')
    if tonumber(from) <= ask.placed_us and (upto == '' or ask.placed_us < tonumber(upto)) then who = named end
  end
  return who
end

local function approved(at) return at and tonumber(at) <= ask.placed_us end

local function inviter_of(id)
  local row = redis.call('HMGET', p .. ':m:' .. id, 'inviters', 'inviters_forgotten')
  return holding(row[1], row[2])
end

local function level_1()
  local buyer = redis.call('HMGET', p .. ':m:' .. ask.buyer_id, 'bound', 'bound_forgotten', 'approved')
  local promoter = holding(buyer[1], buyer[2])
  if promoter then return promoter end
  if ask.promoter_id ~= '' and ask.promoter_id ~= ask.buyer_id
    and approved(redis.call('HGET', p .. ':m:' .. ask.promoter_id, 'approved')) then
    return ask.promoter_id
  end
  if approved(buyer[3]) then return inviter_of(ask.buyer_id) end
end

local function owned_by(id) return p .. ':k:' .. id end
local function seen_with(id) return p .. ':n:' .. id end

local chain, ties, listed = {}, {}, {}
local function look_for(subjects)
  if #subjects == 0 then return end
  for i, yes in ipairs(redis.call('SMISMEMBER', p .. ':listed', unpack(subjects))) do
    if yes == 1 then listed[#listed + 1] = subjects[i] end
  end
end
local function look_for_owned(id)
  for _, key in ipairs({owned_by(id), seen_with(id)}) do
    for _, subject in ipairs(redis.call('SINTER', key, p .. ':listed')) do listed[#listed + 1] = subject end
  end
end

local people = {'member:' .. ask.buyer_id}
local own = #ask.tying > 0 and redis.call('SMISMEMBER', owned_by(ask.buyer_id), unpack(ask.tying)) or {}
look_for_owned(ask.buyer_id)
local above = level_1()
for level = 1, 3 do
  if not above then break end
  chain[level] = {level = level, member_id = above}
  if above ~= ask.buyer_id then
    people[#people + 1] = 'member:' .. above
    for _, token in ipairs(redis.call('SINTER', owned_by(ask.buyer_id), owned_by(above))) do
      ties[#ties + 1] = {level = level, token = token, named = false}
    end
    local named = #ask.tying > 0 and redis.call('SMISMEMBER', owned_by(above), unpack(ask.tying)) or {}
    for i, yes in ipairs(named) do
      if yes == 1 and own[i] == 0 then ties[#ties + 1] = {level = level, token = ask.tying[i], named = true} end
    end
    look_for_owned(above)
  end
  if level < 3 then above = inviter_of(above) end
end
look_for(people)
look_for(ask.listable)

-- Paid orders are what everything is counted by. Checks cost nothing, and whoever makes them may write what they like
-- into them, but for the device they hold in their hands: checked orders are counted by that alone, and apart.
local velocity = {}
for _, subject in ipairs(ask.velocity) do
  local name, key = subject[1], p .. ':v:' .. subject[2]
  local paid, full = around(key, ask.counted_us, orders_max)
  with(paid, ask.counted_us, ask.order_id, ask.buyer_id)
  velocity[name .. '_orders'] = most(paid, full, ask.counted_us, HOUR, orders_max)
  if name == 'device' then
    local _, buyers = most(paid, full, ask.counted_us, TEN_MINUTES, orders_max)
    count_checked(p, ask, subject[2], false, orders_max, ARGV[3])
    local checked, checked_full = around(p .. ':c:' .. subject[2], ask.counted_us, orders_max)
    with(checked, ask.counted_us, ask.order_id, ask.buyer_id)
    local checked_orders = most(checked, checked_full, ask.counted_us, HOUR, orders_max)
    local _, checked_buyers = most(checked, checked_full, ask.counted_us, TEN_MINUTES, orders_max)
    velocity.device_orders = math.max(velocity.device_orders, checked_orders)
    velocity.device_buyers = math.max(buyers, checked_buyers)
  end
end

local stands = redis.call('HMGET', p .. ':w', 'seq', 'shape')
return cjson.encode({seq = stands[2] == ARGV[2] and tonumber(stands[1]) or 0, known = known, chain = chain, ties = ties,
                     listed = listed, velocity = velocity})

-- What both scripts share. Instants are microseconds since 1970, which a number holds exactly and a text must be told to.

local HOUR, TEN_MINUTES = 3600e6, 600e6

local function text(number) return string.format('%.0f', number) end

-- Orders of a subject lie in one sorted set per clock hour, each at its own instant: what is told late or dated ahead
-- takes no other's place. A full hour takes no more, and every window that touches it says so.
local function count(key, at, order_id, buyer_id, orders_max, keep_seconds)
  local hour = key .. ':' .. text(math.floor(at / HOUR))
  if redis.call('ZCARD', hour) < orders_max then redis.call('ZADD', hour, text(at), order_id .. '/' .. buyer_id) end
  redis.call('EXPIRE', hour, keep_seconds)
end

-- Counts a checked order on its device: where it was told last and nowhere else, for good where it was paid. Its mark is
-- "at|buyer|subject".
local PAID = 'paid'
local function count_checked(p, order, subject, is_paid, orders_max, keep_seconds)
  local mark = p .. ':o:' .. order.order_id
  local last = redis.call('GET', mark)
  if last == PAID or (is_paid and not last) then return end
  if last then
    local at, buyer_id, where = string.match(last, '^(%d+)|(.*)|([^|]*)$')
    local hour = p .. ':c:' .. where .. ':' .. text(math.floor(tonumber(at) / HOUR))
    redis.call('ZREM', hour, order.order_id .. '/' .. buyer_id)
  end
  count(p .. ':c:' .. subject, order.counted_us, order.order_id, order.buyer_id, orders_max, keep_seconds)
  local now = is_paid and PAID or text(order.counted_us) .. '|' .. order.buyer_id .. '|' .. subject
  redis.call('SET', mark, now, 'EX', keep_seconds)
end

-- The orders of a subject nearer to an instant than an hour, earliest first, and which clock hours are full.
local function around(key, at, orders_max)
  local orders, full = {}, {}
  for hour = math.floor((at - HOUR) / HOUR), math.floor((at + HOUR) / HOUR) do
    local found = redis.call('ZRANGE', key .. ':' .. text(hour), 0, -1, 'WITHSCORES')
    full[hour] = #found >= 2 * orders_max
    for i = 1, #found, 2 do
      local order_id, buyer_id = string.match(found[i], '^(.*)/(.*)$')
      local placed = tonumber(found[i + 1])
      if math.abs(placed - at) < HOUR then orders[#orders + 1] = {at = placed, order_id = order_id, buyer_id = buyer_id} end
    end
  end
  return orders, full
end

-- Puts an order among others unless it is there already.
local function with(orders, at, order_id, buyer_id)
  local place = #orders + 1
  for i = #orders, 1, -1 do
    if orders[i].order_id == order_id then return orders end
    if orders[i].at > at then place = i end
  end
  table.insert(orders, place, {at = at, order_id = order_id, buyer_id = buyer_id})
  return orders
end

-- The most orders, and the most buyers, in any window of a length that holds an instant; windows are half open.
local function most(orders, full, at, length, orders_max)
  local near = {}
  for _, order in ipairs(orders) do
    if math.abs(order.at - at) < length then near[#near + 1] = order end
  end
  local most_orders, most_buyers, first, buyers, times = 0, 0, 1, 0, {}
  for last, order in ipairs(near) do
    times[order.buyer_id] = (times[order.buyer_id] or 0) + 1
    if times[order.buyer_id] == 1 then buyers = buyers + 1 end
    while order.at - near[first].at >= length do
      local gone = near[first].buyer_id
      times[gone] = times[gone] - 1
      if times[gone] == 0 then buyers = buyers - 1 end
      first = first + 1
    end
    most_orders, most_buyers = math.max(most_orders, last - first + 1), math.max(most_buyers, buyers)
  end
  for hour = math.floor((at - length) / HOUR), math.floor((at + length) / HOUR) do
    if full[hour] then most_orders, most_buyers = math.max(most_orders, orders_max), math.max(most_buyers, orders_max) end
  end
  return most_orders, most_buyers
end

-- The next messages of a stream, for the one who reads it: bounded by count and by bytes, in order.
-- KEYS[1]  the stream; KEYS[2] whose turn it is to read
-- ARGV[1]  consumer group; ARGV[2] consumer; ARGV[3] the turn of the one who asks
-- ARGV[4]  '>' for new messages, else the id after which messages that were read and not acknowledged are wanted
-- ARGV[5]  messages at most; ARGV[6] bytes after which no further message is read
-- answers  [id, [field, value, ...] or nil where it was deleted] of each message; false when it is somebody else's turn
if redis.call('GET', KEYS[2]) ~= ARGV[3] then return false end
local found, bytes, after = {}, 0, ARGV[4]
while #found < tonumber(ARGV[5]) and bytes < tonumber(ARGV[6]) do
  local answer = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', 1, 'STREAMS', KEYS[1], after)
  local message = answer and answer[1][2][1]
  if not message then break end
  if after ~= '>' then after = message[1] end
  found[#found + 1] = message
  for _, part in ipairs(message[2] or {}) do bytes = bytes + #part end
end
return found

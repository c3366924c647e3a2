require "byebug"
def work(x)
  byebug
  y = x + 1
  puts "worked #{y}"
end
work(41)

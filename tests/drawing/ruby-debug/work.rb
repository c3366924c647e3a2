require "debug"
def work(x)
  debugger
  y = x + 1
  puts "worked #{y}"
end
work(41)

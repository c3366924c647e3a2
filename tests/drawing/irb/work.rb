def work(x)
  binding.irb
  puts "worked #{x}"
end
require "irb"
work(41)

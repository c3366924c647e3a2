run lambda { |_|
  File.write("begun", "")
  sleep 1
  [200, { "Content-Type" => "text/plain" }, ["finished"]]
}

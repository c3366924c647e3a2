run lambda { |env|
  path = File.join("public", env["PATH_INFO"])
  if File.file?(path)
    [200, { "content-type" => "text/css" }, [File.read(path)]]
  else
    [200, { "content-type" => "text/html" }, ["<link rel=stylesheet href=/site.css>Hello from #{ENV["PS"]}\n"]]
  end
}

Sidekiq.configure_server do |config|
  config.redis = { url: ENV["REDIS_URL"] }
  config.on(:startup) { Slow.perform_async unless File.exist?("begun") }
end
Sidekiq.configure_client { |config| config.redis = { url: ENV["REDIS_URL"] } }

class Slow
  include Sidekiq::Worker

  def perform
    File.write("begun", "")
    sleep 1
    File.write("finished", "")
  end
end

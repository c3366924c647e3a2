# Replaces ruby by the ganger of this gem, so that no process stays between the caller and ganger.
ENV["GANGER_DIE_WITH_PARENT"] ||= "1"
exec [File.expand_path("../libexec/ganger", __dir__), "ganger"], *ARGV

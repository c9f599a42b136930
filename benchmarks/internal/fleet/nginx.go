package fleet

import (
	"fmt"
	"os"
	"path/filepath"
)

// nginxConfig serves the canned answer from one worker. Limits that would end a connection during a run are out of its
// way, and nothing is written outside the launch's directory.
const nginxConfig = `daemon off;
worker_processes 1;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log crit;
events {
	# The worker allocates for all of these at start, so they are not part of what an idle connection adds.
	worker_connections 32768;
}
http {
	access_log off;
	keepalive_requests 1000000000;
	keepalive_timeout 3600s;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	default_type text/plain;
	server {
		listen 127.0.0.1:%[2]d backlog=4096;
		location / {
			return 200 'Hello, World!';
		}
	}
}
`

func nginxArgs(l Launch) ([]string, error) {
	path := filepath.Join(l.Dir, "nginx.conf")
	if err := os.WriteFile(path, fmt.Appendf(nil, nginxConfig, l.Dir, l.Port), 0o644); err != nil {
		return nil, err
	}
	return []string{"-p", l.Dir, "-c", path, "-e", filepath.Join(l.Dir, "error.log")}, nil
}

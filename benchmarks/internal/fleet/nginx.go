package fleet

import (
	"fmt"
	"os"
	"path/filepath"
)

// nginxConfig serves the canned answer from one worker. Limits that would end a connection during a run are out of its
// way, and nothing is written outside the launch's directory. Files are sent as nginx's guide to static content says.
const nginxConfig = `daemon off;
%[5]sworker_processes 1;
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
	sendfile on;
	tcp_nopush on;
	server {
		listen 127.0.0.1:%[2]d backlog=4096%[3]s;
%[4]s		location / {
			return 200 'Hello, World!';
		}
	}
}
`

func nginxArgs(l Launch) ([]string, error) {
	secured, extra := "", ""
	if l.Certificate != "" {
		secured = " ssl"
		extra = fmt.Sprintf("\t\tssl_certificate %s;\n\t\tssl_certificate_key %s;\n", l.Certificate, l.Key)
	}
	if l.Files != "" {
		extra += fmt.Sprintf("\t\tlocation /files/ {\n\t\t\talias %s/;\n\t\t}\n", l.Files)
	}
	path, err := writeConfig(l, "nginx.conf", fmt.Sprintf(nginxConfig, l.Dir, l.Port, secured, extra, user("user root root;\n")))
	return []string{"-p", l.Dir, "-c", path, "-e", filepath.Join(l.Dir, "error.log")}, err
}

// user returns the directive that has a server started by root stay root, and "" for others. One that drops its rights
// could not read what lies below a folder of root's, where TMPDIR may be, or was written with a umask of 077.
func user(directive string) string {
	if os.Geteuid() == 0 {
		return directive
	}
	return ""
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) }

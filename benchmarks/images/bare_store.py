"""A server that does next to nothing: nginx (Debian's), which keeps and sends files. No S3, but it can be asked as one.

    --server "python benchmarks/images/bare_store.py {port} {folder} [NGINX]"

It looks at no signature, takes no digest, lists nothing (every bucket says that it is empty) and deletes nothing. What
a conversion takes here it takes with a server that costs nothing, as nearly as there is one.
"""

import os
import sys
from pathlib import Path

SETTINGS = """
daemon off;
worker_processes 2;
pid {folder}/pid;
error_log {folder}/errors;
events {{}}
http {{
    access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000; client_max_body_size 0;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/objects;
        location / {{ dav_methods PUT; create_full_put_path on; }}
        location = / {{ default_type application/xml; return 200 "<ListAllMyBucketsResult/>"; }}
        location ~ "^/[^/]+/?$" {{
            default_type application/xml;
            if ($request_method = GET) {{ return 200 "<ListBucketResult/>"; }}
            if ($request_method = POST) {{ return 200 "<DeleteResult/>"; }}
            return 200 "";
        }}
    }}
}}
"""


def main():
    port, folder, nginx = sys.argv[1], Path(sys.argv[2]).resolve(), (*sys.argv[3:], "nginx")[0]
    (folder / "objects").mkdir(parents=True, exist_ok=True)
    (folder / "settings").write_text(
        f"user {os.environ.get('USER', 'root')};" + SETTINGS.format(port=port, folder=folder)
    )
    os.execvp(nginx, [nginx, "-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "settings")])


if __name__ == "__main__":
    main()

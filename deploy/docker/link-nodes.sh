#!/bin/sh
# Links the image's nodes to where n8n looks for community packages, then starts what is named in the arguments.
# A link, made at each start: a new image brings its own version, whatever the volume of n8n's data holds.
set -eu
package=n8n-nodes-comfyui-router
image=${COMFYUI_ROUTER_HOME:-/opt/comfyui-router}
nodes=${N8N_USER_FOLDER:-$HOME}/.n8n/nodes/node_modules

mkdir -p "$nodes"
if [ -e "$nodes/$package" ] && [ ! -L "$nodes/$package" ]; then
	# installed on the Community nodes page before: that one is the user's, and stays
	echo "$package: the copy in $nodes is used, not the one of this image" >&2
else
	ln -sfn "$image/node_modules/$package" "$nodes/$package"
fi
exec "$@"

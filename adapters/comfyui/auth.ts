/** The headers that prove who we are. The only place that turns a secret into something that is sent. */
import type { ComfyUiAuthentication } from './options';

/** Headers to add to every request of one server, and to its WebSocket's handshake. */
export function authenticationHeaders(
	authentication: ComfyUiAuthentication,
): Record<string, string> {
	switch (authentication.type) {
		case 'none':
			return {};
		case 'bearer':
			return { Authorization: `Bearer ${authentication.token}` };
		case 'basic': {
			const pair = Buffer.from(`${authentication.user}:${authentication.password}`, 'utf8');
			return { Authorization: `Basic ${pair.toString('base64')}` };
		}
		case 'header':
			return { [authentication.name]: authentication.value };
	}
}

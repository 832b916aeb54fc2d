/** The headers that prove who we are. The only place that turns a secret into something that is sent. */
import type { ComfyUiAuthentication } from './options';

/** Shorter texts occur by chance, and their absence would tell what they are. */
const SHORTEST_SECRET = 6;

/** What must never come back out of a server's answer: a proxy's error page may repeat the headers that it got. */
export function secretsOf(authentication: ComfyUiAuthentication): string[] {
	const headers = Object.values(authenticationHeaders(authentication));
	const values = headers.map((value) => value.replace(/^(Bearer|Basic) /, ''));
	if (authentication.type === 'basic') values.push(authentication.password);
	return values.filter((value) => value.length >= SHORTEST_SECRET);
}

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

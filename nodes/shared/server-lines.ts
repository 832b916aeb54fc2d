/** Reads the "one server a line" field of the ComfyUI credential. Refuses duplicates and what is no address. */
import { invalidInput, type Problem } from '../../lib/errors';

export interface ServerAddress {
	name: string;
	url: string;
}

const HINT = 'Write one server a line: gpu1=http://192.168.1.20:8188, or only the address.';

function parseUrl(text: string): URL | null {
	if (!URL.canParse(text)) return null;
	const url = new URL(text);
	return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
}

/** `name=address`; what stands before the first `=` is a name unless it already is the start of an address. */
function splitLine(line: string): { name: string | null; address: string } {
	const at = line.indexOf('=');
	const before = at < 0 ? '' : line.slice(0, at).trim();
	if (before === '' || before.includes('://')) return { name: null, address: line };
	return { name: before, address: line.slice(at + 1).trim() };
}

function parseLine(line: string, path: string): ServerAddress | Problem {
	const { name, address } = splitLine(line);
	const url = parseUrl(address);
	if (!url) return { path, message: 'is not an http or https address.', hint: HINT };
	if (url.username || url.password) {
		return {
			path,
			message: 'holds a user or password.',
			hint: 'Use the Authentication field of the credential: addresses appear in selections and logs.',
		};
	}
	return { name: name ?? url.host, url: `${url.origin}${url.pathname.replace(/\/+$/, '')}` };
}

/**
 * @param text lines of `name=address` or bare addresses; empty lines are skipped
 * @throws RouterError OPTIONS_INVALID naming every faulty line
 */
export function parseServerLines(text: string): ServerAddress[] {
	const servers: ServerAddress[] = [];
	const problems: Problem[] = [];
	text.split(/\r?\n/).forEach((raw, index) => {
		if (raw.trim() === '') return;
		const path = `servers line ${index + 1}`;
		const parsed = parseLine(raw.trim(), path);
		if ('message' in parsed) problems.push(parsed);
		else if (servers.some((server) => server.name === parsed.name)) {
			problems.push({
				path,
				message: `names "${parsed.name}" again.`,
				hint: 'Give every server its own name.',
			});
		} else servers.push(parsed);
	});
	if (servers.length === 0 && problems.length === 0) {
		problems.push({ path: 'servers', message: 'names no server.', hint: HINT });
	}
	if (problems.length > 0)
		throw invalidInput('OPTIONS_INVALID', 'The ComfyUI credential', problems);
	return servers;
}

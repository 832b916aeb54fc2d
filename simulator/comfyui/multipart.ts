/** Splits a multipart/form-data body. Knows only what an upload needs. */

export interface Part {
	name: string;
	filename: string | null;
	bytes: Buffer;
}

const HEADERS_END = Buffer.from('\r\n\r\n');

/** @returns the parts, or an empty list where the body is not multipart */
export function parseMultipart(body: Buffer, contentType: string): Part[] {
	const boundary = /boundary=(?:"([^"]+)"|([^;]+))/i.exec(contentType);
	if (!boundary) return [];
	const mark = Buffer.from(`--${(boundary[1] ?? boundary[2] ?? '').trim()}`);
	const parts: Part[] = [];
	let start = body.indexOf(mark);
	while (start >= 0) {
		const next = body.indexOf(mark, start + mark.length);
		if (next < 0) break;
		const part = parsePart(body.subarray(start + mark.length + 2, next - 2));
		if (part) parts.push(part);
		start = next;
	}
	return parts;
}

function parsePart(section: Buffer): Part | null {
	const split = section.indexOf(HEADERS_END);
	if (split < 0) return null;
	const disposition = /content-disposition:[^\r\n]*/i.exec(
		section.subarray(0, split).toString('utf8'),
	)?.[0];
	const name = /[; ]name="([^"]*)"/i.exec(disposition ?? '')?.[1];
	if (name === undefined) return null;
	const filename = /filename="([^"]*)"/i.exec(disposition ?? '')?.[1] ?? null;
	return { name, filename, bytes: section.subarray(split + HEADERS_END.length) };
}

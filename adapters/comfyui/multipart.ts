/** One file as multipart/form-data. Owns the encoding of names; the content is not looked at. */
import { randomBytes } from 'node:crypto';

import type { UploadFile } from '../../lib/ports';

export interface MultipartBody {
	content: Buffer;
	contentType: string;
}

/** For ComfyUI's /upload/image and /upload/mask. */
export function uploadBody(file: UploadFile): MultipartBody {
	const boundary = `----comfyui-router-${randomBytes(16).toString('hex')}`;
	const fields: [string, string][] = [
		['type', 'input'],
		['subfolder', file.subfolder ?? ''],
		['overwrite', file.overwrite === true ? 'true' : 'false'],
	];
	const parts = fields.map(
		([name, value]) =>
			`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
	);
	const type = /^[\w.+-]+\/[\w.+-]+$/.test(file.contentType ?? '')
		? file.contentType
		: 'application/octet-stream';
	const head =
		`--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="${escapeName(file.filename)}"\r\n` +
		`Content-Type: ${type}\r\n\r\n`;
	return {
		content: Buffer.concat([
			Buffer.from(parts.join('') + head, 'utf8'),
			file.content,
			Buffer.from(`\r\n--${boundary}--\r\n`, 'utf8'),
		]),
		contentType: `multipart/form-data; boundary=${boundary}`,
	};
}

/** As browsers do it (WHATWG HTML, multipart form data): quotes and line breaks percent-encoded, the rest as UTF-8. */
function escapeName(name: string): string {
	return name.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22');
}

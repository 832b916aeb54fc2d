/** /view: the bytes of saved and uploaded images. */
import type { FolderType } from '../disk';
import { type Reply, bytes, empty } from '../http';
import type { ComfyProcess } from '../process';
import type { Route } from '../router';
import { TINY_JPEG, TINY_WEBP, imageType } from '../tiny-images';

const TYPES: readonly string[] = ['input', 'output', 'temp'];

export const viewRoutes: Route[] = [
	{ method: 'GET', pattern: /^\/view$/, handle: ({ query }, process) => view(query, process) },
	{
		method: 'GET',
		pattern: /^\/view_metadata\/([^/]+)$/,
		handle: ({ params, query }, process) =>
			metadata(params[0] ?? '', query.get('filename'), process),
	},
];

function view(query: URLSearchParams, process: ComfyProcess): Reply {
	let filename = query.get('filename');
	if (!filename) return empty(404);
	let type = query.get('type') ?? 'output';
	const annotated = /^(.*) \[(input|output|temp)\]$/.exec(filename);
	if (annotated) [filename, type] = [annotated[1] ?? '', annotated[2] ?? type];
	if (filename.startsWith('/') || filename.includes('..')) return empty(400);
	if (!TYPES.includes(type)) return empty(400);
	const subfolder = query.get('subfolder') ?? '';
	if (leavesFolder(subfolder)) return empty(403);
	if (process.faults.viewMissing) return empty(404);
	const content = process.disk.read(type as FolderType, subfolder, filename.split('/').pop() ?? '');
	if (!content) return empty(404);
	const headers = { 'Content-Disposition': `filename="${filename.replaceAll('"', '')}"` };
	const preview = query.get('preview')?.split(';')[0];
	if (preview === 'jpeg') return bytes(TINY_JPEG, 'image/jpeg', headers);
	if (preview === 'webp' || preview === '') return bytes(TINY_WEBP, 'image/webp', headers);
	return bytes(content, imageType(content) ?? 'application/octet-stream', headers);
}

/** `a/../..` ends above the folder; so does an absolute path. */
export function leavesFolder(subfolder: string): boolean {
	if (/^([\\/]|[A-Za-z]:)/.test(subfolder)) return true;
	let depth = 0;
	for (const part of subfolder.split(/[\\/]/)) {
		if (part === '..') depth -= 1;
		else if (part !== '' && part !== '.') depth += 1;
		if (depth < 0) return true;
	}
	return false;
}

/** Only the `__metadata__` of a safetensors file, as far as a made-up file can have one. */
function metadata(folder: string, filename: string | null, process: ComfyProcess): Reply {
	const file = process.filesIn(folder).find((candidate) => candidate.name === filename);
	if (!file || !file.name.endsWith('.safetensors')) return empty(404);
	return bytes(
		Buffer.from(
			JSON.stringify({
				'modelspec.title': file.name,
				'modelspec.architecture': 'unknown',
				format: 'pt',
			}),
		),
		'application/json; charset=utf-8',
	);
}

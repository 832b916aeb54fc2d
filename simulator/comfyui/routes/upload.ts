/** /upload/image and /upload/mask. */
import type { FolderType } from '../disk';
import { type Reply, type RequestContext, empty, json } from '../http';
import { parseMultipart } from '../multipart';
import type { ComfyProcess } from '../process';
import type { Route } from '../router';
import { leavesFolder } from './view';

const FOLDERS: readonly string[] = ['input', 'output', 'temp'];

export const uploadRoutes: Route[] = [
	{ method: 'POST', pattern: /^\/upload\/(?:image|mask)$/, handle: upload },
];

/** A mask is kept as it is: nothing here looks at pixels. */
async function upload(context: RequestContext, process: ComfyProcess): Promise<Reply> {
	const parts = parseMultipart(await context.body(), context.headers['content-type'] ?? '');
	const field = (name: string): string | undefined =>
		parts.find((part) => part.name === name)?.bytes.toString('utf8');
	const image = parts.find((part) => part.name === 'image');
	if (!image?.filename) return empty(400);
	const type = field('type') ?? 'input';
	const folder = (FOLDERS.includes(type) ? type : 'input') as FolderType;
	const subfolder = field('subfolder') ?? '';
	const filename = image.filename.split(/[\\/]/).pop() ?? '';
	if (leavesFolder(subfolder) || filename === '' || filename === '..') return empty(400);
	const overwrite = ['true', '1'].includes(field('overwrite') ?? '');
	const name = process.disk.saveUpload(folder, subfolder, filename, image.bytes, overwrite);
	return json({ name, subfolder, type: folder });
}

/** Output files on their way into items: streamed into n8n's binary store, never held as a whole, never in the JSON. */
import type { Readable } from 'node:stream';

import type { IBinaryData, IBinaryKeyData, IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { safeName } from '../../adapters/files/safe-name';
import type { GeneratedFile } from '../../service/generate';

export interface TakenFile {
	file: GeneratedFile;
	data: IBinaryData;
}

/** @throws RouterError FILE_NOT_FOUND, COMFYUI_* */
export async function takeFile(
	context: IExecuteFunctions,
	file: GeneratedFile,
	signal?: AbortSignal,
): Promise<TakenFile> {
	const { stream, contentType } = await file.open(signal);
	const readable = stream as Readable;
	try {
		const type = mimeType(contentType);
		const data = await context.helpers.prepareBinaryData(readable, safeName(file.filename), type);
		return { file, data };
	} finally {
		readable.destroy();
	}
}

/** undefined, for what says nothing or is no type, lets n8n tell by the file's name. */
function mimeType(contentType: string | null): string | undefined {
	const type = contentType?.split(';')[0]?.trim().toLowerCase();
	const isUsable = type !== undefined && /^[\w.+-]{1,60}\/[\w.+-]{1,100}$/.test(type);
	return isUsable && type !== 'application/octet-stream' ? type : undefined;
}

/** Names that the item does not have yet: `image`, `image_1`, ... */
export function placeFiles(
	taken: readonly TakenFile[],
	existing: IBinaryKeyData = {},
	prefix = 'image',
): { binary: IBinaryKeyData; files: IDataObject[] } {
	const binary: IBinaryKeyData = {};
	const files: IDataObject[] = [];
	let next = 0;
	for (const { file, data } of taken) {
		let name: string;
		do {
			name = next === 0 ? prefix : `${prefix}_${next}`;
			next += 1;
		} while (Object.hasOwn(existing, name));
		binary[name] = data;
		const { filename, subfolder, type, kind, nodeId } = file;
		files.push({ binary: name, filename, subfolder, type, kind, node_id: nodeId });
	}
	return { binary: { ...binary, ...existing }, files };
}

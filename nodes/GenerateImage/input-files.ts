/** Input images and masks of one item: from its binary fields or from files that n8n may read. Reads late, when uploading. */
import { buffer } from 'node:stream/consumers';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';

import type { IExecuteFunctions } from 'n8n-workflow';

import { RouterError } from '../../lib/errors';
import type { GenerateItem, InputFile } from '../../service/generate';
import { listOf } from '../shared/fields';
import type { Options } from './read-options';

/** @throws RouterError FILE_NOT_FOUND naming the binary fields that there are */
export function readInputFiles(
	context: IExecuteFunctions,
	itemIndex: number,
	{ imageFiles, maskField, maskFile }: Options,
): Pick<GenerateItem, 'images' | 'mask'> {
	const fields = listOf(context.getNodeParameter('imageFields', itemIndex, ''));
	const images = [
		...fields.map((field) => fromBinary(context, itemIndex, field)),
		...listOf(imageFiles).map((path) => fromFile(context, path)),
	];
	const masks = [
		...listOf(maskField).map((field) => fromBinary(context, itemIndex, field)),
		...listOf(maskFile).map((path) => fromFile(context, path)),
	];
	const [mask] = masks;
	return { ...(images.length > 0 ? { images } : {}), ...(mask ? { mask } : {}) };
}

function fromBinary(context: IExecuteFunctions, itemIndex: number, field: string): InputFile {
	const binary = context.getInputData()[itemIndex]?.binary ?? {};
	const data = Object.hasOwn(binary, field) ? binary[field] : undefined;
	if (data === undefined) throw noSuchField(field, Object.keys(binary));
	const extension = data.fileExtension ? `.${data.fileExtension}` : '';
	return {
		filename: data.fileName || `${field}${extension}`,
		contentType: data.mimeType,
		read: () => context.helpers.getBinaryDataBuffer(itemIndex, field),
	};
}

/** Through n8n's own helper, which keeps to the folders that its administrator allows. */
function fromFile(context: IExecuteFunctions, path: string): InputFile {
	return {
		filename: basename(path),
		read: async () => {
			const { helpers } = context;
			try {
				// older versions of n8n take the path as it is
				const resolved = await helpers.resolvePath?.(path);
				const stream = await helpers.createReadStream(resolved ?? (path as never));
				return await buffer(stream as Readable);
			} catch (error) {
				throw unreadable(path, error);
			}
		},
	};
}

function noSuchField(field: string, there: string[]): RouterError {
	return new RouterError({
		code: 'FILE_NOT_FOUND',
		message: `The item has no binary field "${field}".`,
		hint:
			there.length > 0
				? `It has: ${there.join(', ')}.`
				: 'It has none. Put a node before this one that brings the image, such as Read/Write Files from Disk.',
	});
}

function unreadable(path: string, error: unknown): RouterError {
	return new RouterError({
		code: 'FILE_UNREADABLE',
		message: `The file ${path} cannot be read: ${error instanceof Error ? error.message : 'no reason given'}`,
		hint: 'It must be on the machine that runs n8n, in a folder that n8n may read (N8N_RESTRICT_FILE_ACCESS_TO).',
	});
}

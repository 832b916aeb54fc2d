/** n8n's binary store in the mode that self-hosted instances should use: files, in this test file's user folder. */
// first: n8n-core looks for its user folder while it loads
import './user-folder';
import 'reflect-metadata';

import { Container } from '@n8n/di';
import { BinaryDataService } from 'n8n-core';
import type { IBinaryData } from 'n8n-workflow';

export async function openBinaryStore(): Promise<void> {
	await Container.get(BinaryDataService).init();
}

export async function bytesOf(binary: IBinaryData | undefined): Promise<Buffer> {
	if (binary === undefined) throw new Error('There is no such binary field.');
	return await Container.get(BinaryDataService).getAsBuffer(binary);
}

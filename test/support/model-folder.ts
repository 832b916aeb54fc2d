/** Writes model files with real headers and sparse bodies into a folder of its own, removed after the test. */
import {
	closeSync,
	ftruncateSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	rmSync,
	writeSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { safetensorsHeader, type ShortTable } from './headers';

export interface ModelFolderFixture {
	root: string;
	/** Writes a safetensors file; the body is a hole of the size that the header needs, or `bodyBytes`. */
	safetensors(
		name: string,
		table: ShortTable,
		options?: { metadata?: Record<string, string>; bodyBytes?: number },
	): string;
	bytes(name: string, content: Buffer | string): string;
	remove(): void;
}

export function modelFolder(): ModelFolderFixture {
	const root = mkdtempSync(path.join(os.tmpdir(), 'models-'));
	const place = (name: string): string => {
		const file = path.join(root, name);
		mkdirSync(path.dirname(file), { recursive: true });
		return file;
	};
	return {
		root,
		safetensors(name, table, options = {}) {
			const { header, bodyBytes } = safetensorsHeader(table, options.metadata);
			return writeSparse(place(name), header, options.bodyBytes ?? bodyBytes);
		},
		bytes(name, content) {
			const bytes = typeof content === 'string' ? Buffer.from(content) : content;
			return writeSparse(place(name), bytes, 0);
		},
		remove: () => rmSync(root, { recursive: true, force: true }),
	};
}

export function writeSparse(file: string, start: Buffer, bodyBytes: number): string {
	const descriptor = openSync(file, 'w');
	writeSync(descriptor, start);
	if (bodyBytes > 0) ftruncateSync(descriptor, start.length + bodyBytes);
	closeSync(descriptor);
	return file;
}

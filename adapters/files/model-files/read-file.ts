/**
 * Opens one model file and reads its header, never its weights. Two ways to the same answer: synchronous where the disk
 * answers at once (an order of magnitude cheaper per file), asynchronous where it does not (a network disk).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';

import { type Detection, detectModel, type ModelHeader } from '../../../lib/detection';
import { MAX_GGUF_HEADER_BYTES, NeedMoreBytes, parseGguf } from './gguf';
import { type FileProblem, HeaderFault } from './problems';
import { headerLength } from './safetensors';
import type { TableCache } from './table-cache';
import type { Turns } from './turns';

export type FileReading =
	/** `header` only for one part of a model that is split: what it is can be told from all parts together. */
	| { bytes: number; detection: Detection; problem: null; header?: ModelHeader }
	| { bytes: number; detection: null; problem: FileProblem };

interface Detected {
	header: ModelHeader;
	detection: Detection;
}

/** "-00001-of-00003.safetensors", as the common writers name the parts of a model. */
export const SPLIT_PART = /^(.*)-(\d{5})-of-(\d{5})(\.safetensors|\.gguf)$/i;

function readingOf(file: string, bytes: number, { header, detection }: Detected): FileReading {
	const reading = { bytes, detection, problem: null };
	return file.includes('-of-') && SPLIT_PART.test(file) ? { ...reading, header } : reading;
}

/** A page: the header's length and short headers whole; longer ones take a second read. */
const FIRST_READ_BYTES = 4 * 1024;
/** A buffer up to this size is kept for the next file. */
const KEPT_BUFFER_BYTES = 1024 ** 2;
const GGUF_FIRST_READ_BYTES = 1024 ** 2;
/** Reads that overlap are for the many small headers; hostile or huge ones together would take gigabytes. */
const LARGE_HEADER_BYTES = 8 * 1024 ** 2;

/** Files that can run code when opened by PyTorch. They are listed, never opened. */
const PICKLE = /\.(ckpt|pt|pt2|pth|bin|pkl)$/i;
const PARTIAL = /\.(part|partial|crdownload|download|incomplete|aria2|tmp|opdownload)$/i;
export const MODEL_FILE = /\.(safetensors|sft|gguf|ckpt|pt|pt2|pth|pkl)$/i;
export const PARTIAL_MODEL_FILE =
	/\.(safetensors|sft|gguf|ckpt|pt|pth)\.[a-z0-9]*\.?(part|partial|crdownload|download|incomplete|aria2|tmp|opdownload)$/i;

/** What is said about a file without opening it; null where it is to be opened. */
export function unopenedProblem(file: string): FileProblem | null {
	if (file.endsWith('.safetensors')) return null;
	if (PARTIAL.test(file)) {
		return {
			code: 'PARTIAL_DOWNLOAD',
			message: 'The download has not finished.',
			hint: 'Sync again when it has; the file then gets its own name.',
		};
	}
	if (PICKLE.test(file)) {
		return {
			code: 'PICKLE',
			message:
				'A Python pickle is never opened, because opening one can run code; what it holds is unknown.',
			hint: 'Use the .safetensors edition of the model, or write its catalog entry by hand.',
		};
	}
	return null;
}

/** How a reader gets bytes: into a buffer it may reuse for the next file. */
interface ByteSource {
	fileBytes: number;
	/** The file's first `count` bytes, or all that there are. Valid until the next call. */
	head(count: number): Buffer;
}

function detectFrom(source: ByteSource, file: string, cache: TableCache): Detected {
	const name = file.slice(file.lastIndexOf(path.sep) + 1);
	if (/\.gguf$/i.test(name)) return detectGguf(source, name);
	const first = source.head(FIRST_READ_BYTES);
	const length = headerLength(first, source.fileBytes);
	const bytes = first.length >= 8 + length ? first : source.head(8 + length);
	return cache.detect(bytes.subarray(8, 8 + length), source.fileBytes, name);
}

/** Reads on in steps of four times the size, so that parsing from the start again costs a third at most. */
function detectGguf(source: ByteSource, name: string): Detected {
	let count = GGUF_FIRST_READ_BYTES;
	for (;;) {
		try {
			const header = parseGguf(source.head(count), source.fileBytes);
			return { header, detection: detectModel(header, name) };
		} catch (error) {
			if (!(error instanceof NeedMoreBytes) || count >= MAX_GGUF_HEADER_BYTES) throw error;
			count = Math.min(MAX_GGUF_HEADER_BYTES, Math.max(error.bytes, 4 * count));
		}
	}
}

/** Reads files one after the other without leaving the thread. */
export class SyncReader {
	private buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_READ_BYTES);

	constructor(private readonly cache: TableCache) {}

	read(file: string): FileReading {
		let bytes = 0;
		let descriptor: number | null = null;
		try {
			descriptor = openSync(file, 'r');
			bytes = fstatSync(descriptor).size;
			const source = this.source(descriptor, bytes);
			return readingOf(file, bytes, detectFrom(source, file, this.cache));
		} catch (error) {
			return { bytes, detection: null, problem: problemOf(error) };
		} finally {
			if (descriptor !== null) closeSync(descriptor);
		}
	}

	private source(descriptor: number, fileBytes: number): ByteSource {
		let filled = 0;
		let buffer = this.buffer;
		return {
			fileBytes,
			head: (count) => {
				const wanted = Math.min(count, fileBytes);
				if (wanted > buffer.length) buffer = this.grown(buffer, filled, wanted);
				while (filled < wanted) {
					const read = readSync(descriptor, buffer, filled, wanted - filled, filled);
					if (read === 0) break;
					filled += read;
				}
				return buffer.subarray(0, Math.min(wanted, filled));
			},
		};
	}

	private grown(buffer: Buffer, filled: number, wanted: number): Buffer {
		const larger = Buffer.allocUnsafeSlow(
			Math.max(wanted, Math.min(2 * buffer.length, KEPT_BUFFER_BYTES)),
		);
		buffer.copy(larger, 0, 0, filled);
		if (larger.length <= KEPT_BUFFER_BYTES) this.buffer = larger;
		return larger;
	}
}

/**
 * The same, without blocking the thread while the disk works.
 * @param large shared by all reads that overlap: one header of many megabytes at a time is in memory
 */
export async function readFileAsync(
	file: string,
	cache: TableCache,
	large: Turns,
): Promise<FileReading> {
	let bytes = 0;
	let handle: FileHandle | null = null;
	try {
		handle = await open(file, 'r');
		bytes = (await handle.stat()).size;
		return readingOf(file, bytes, await detectAsync(handle, bytes, file, cache, large));
	} catch (error) {
		return { bytes, detection: null, problem: problemOf(error) };
	} finally {
		await handle?.close();
	}
}

/** Detects from what was read so far and reads on where that is too little. */
async function detectAsync(
	handle: FileHandle,
	bytes: number,
	file: string,
	cache: TableCache,
	large: Turns,
): Promise<Detected> {
	let wanted = /\.gguf$/i.test(file) ? GGUF_FIRST_READ_BYTES : FIRST_READ_BYTES;
	let done: (() => void) | null = null;
	try {
		for (;;) {
			if (wanted > LARGE_HEADER_BYTES) done ??= await large.take();
			const head = await readHead(handle, Math.min(wanted, bytes));
			const more = new MoreWanted();
			const source: ByteSource = {
				fileBytes: bytes,
				head: (count) => {
					if (Math.min(count, bytes) > head.length && !head.endedEarly) throw more.of(count);
					return head.bytes.subarray(0, count);
				},
			};
			try {
				return detectFrom(source, file, cache);
			} catch (error) {
				if (error !== more) throw error;
				wanted = more.bytes;
			}
		}
	} finally {
		done?.();
	}
}

/** The file's first bytes; fewer where it has become shorter meanwhile. */
async function readHead(handle: FileHandle, count: number) {
	const buffer = Buffer.allocUnsafe(count);
	let length = 0;
	while (length < count) {
		const { bytesRead } = await handle.read(buffer, length, count - length, length);
		if (bytesRead === 0) break;
		length += bytesRead;
	}
	return { bytes: buffer.subarray(0, length), length, endedEarly: length < count };
}

class MoreWanted extends Error {
	bytes = 0;

	of(bytes: number): this {
		this.bytes = bytes;
		return this;
	}
}

function problemOf(error: unknown): FileProblem {
	if (error instanceof HeaderFault) return error.toProblem();
	if (error instanceof NeedMoreBytes) {
		return {
			code: 'TRUNCATED',
			message: 'The file ends within its header.',
			hint: 'Download the file again.',
		};
	}
	const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
	return {
		code: 'UNREADABLE',
		message: `The file cannot be read (${code}).`,
		hint:
			code === 'EACCES'
				? 'Give this user the right to read it.'
				: 'Look at the disk or the link and sync again.',
	};
}

/**
 * Parses a safetensors header: eight bytes of length, JSON of that length, then data. Checks every claim of the header
 * against the file's size before it is used. Knows no file system.
 *
 * The format is small and the limits are the point, so it is parsed here: libraries for it build whatever the JSON says.
 * Source: the format section of the safetensors README.
 */
import type { ModelHeader, TensorInfo } from '../../../lib/detection';
import { HeaderCursor } from './header-cursor';
import { HeaderFault, printable, truncated } from './problems';

/** The format's own limit. */
export const MAX_HEADER_BYTES = 100_000_000;
const MAX_TENSORS = 500_000;
const MAX_NAME = 1024;
const MAX_AXES = 16;
/** Training notes run to megabytes; what detection asks is at the start. */
const MAX_METADATA_VALUE = 4096;
const MAX_METADATA_KEYS = 10_000;

const BITS: Readonly<Record<string, number>> = {
	BOOL: 8,
	U8: 8,
	I8: 8,
	F8_E4M3: 8,
	F8_E5M2: 8,
	F8_E8M0: 8,
	F8_E4M3FNUZ: 8,
	F8_E5M2FNUZ: 8,
	F4: 4,
	F6_E2M3: 6,
	F6_E3M2: 6,
	U16: 16,
	I16: 16,
	F16: 16,
	BF16: 16,
	U32: 32,
	I32: 32,
	F32: 32,
	U64: 64,
	I64: 64,
	F64: 64,
	C64: 64,
};

/** Length of the JSON, from the file's first eight bytes. */
export function headerLength(firstBytes: Buffer, fileBytes: number): number {
	if (fileBytes === 0) throw new HeaderFault('EMPTY', 'The file is empty.');
	if (firstBytes.length < 8 || fileBytes < 10)
		throw new HeaderFault('NOT_THE_FORMAT', 'The file is too short for a model.');
	const length = firstBytes.readBigUInt64LE(0);
	const looksLike = otherFormat(firstBytes);
	if (looksLike) {
		throw new HeaderFault(
			'NOT_THE_FORMAT',
			`The file is not in the safetensors format; it looks like ${looksLike}.`,
		);
	}
	if (length > BigInt(MAX_HEADER_BYTES)) {
		throw new HeaderFault(
			'HEADER_TOO_LARGE',
			`The header claims ${length} bytes; at most ${MAX_HEADER_BYTES} are allowed.`,
		);
	}
	if (length > BigInt(fileBytes - 8)) throw truncated(fileBytes, Number(length) + 8);
	if (length < 2n) throw new HeaderFault('NOT_THE_FORMAT', 'The header has no content.');
	return Number(length);
}

/** What people and browsers save under the wrong name. */
function otherFormat(bytes: Buffer): string | null {
	const start = bytes.toString('latin1', 0, 8);
	if (start.startsWith('PK\x03\x04')) return 'a zip archive or a PyTorch pickle';
	if (start.startsWith('\x1f\x8b')) return 'a gzip archive';
	if (start.startsWith('\x28\xb5\x2f\xfd')) return 'a zstd archive';
	if (start.startsWith('GGUF')) return 'a GGUF file';
	if (start.startsWith('version '))
		return 'a Git LFS pointer (the model itself was not downloaded)';
	if (/^\s*<(!doc|html|\?xml)/i.test(start)) return 'a web page (the download needs a login?)';
	return null;
}

export interface TensorTable {
	tensors: Map<string, TensorInfo>;
	/** End of the last tensor's data, from the start of the data. */
	dataBytes: number;
}

export interface ParsedHeader extends TensorTable {
	metadata: Record<string, string>;
}

/** The metadata, where it comes first as writers put it, and where the rest begins. */
export function leadingMetadata(
	text: string,
): { metadata: Record<string, string>; rest: number } | null {
	if (!text.startsWith('{"__metadata__":{')) return null;
	const cursor = new HeaderCursor(text, '{"__metadata__":'.length);
	return { metadata: metadataValue(cursor), rest: cursor.position };
}

/** @param text the header's JSON, one character per byte */
export function parseHeaderText(text: string): ParsedHeader {
	const cursor = new HeaderCursor(text);
	const spans = new Spans();
	const tensors = new Map<string, TensorInfo>();
	let metadata: Record<string, string> | null = null;
	cursor.object(MAX_NAME, (key) => {
		if (key === '__metadata__') {
			if (metadata) cursor.fail('a second __metadata__');
			metadata = metadataValue(cursor);
			return;
		}
		if (tensors.has(key)) cursor.fail(`the tensor "${printable(key)}" is listed twice`);
		if (tensors.size === MAX_TENSORS) cursor.fail(`more than ${MAX_TENSORS} tensors`);
		tensors.set(key, tensorValue(cursor, key, spans));
	});
	cursor.expectEnd();
	return { tensors, metadata: metadata ?? {}, dataBytes: spans.check() };
}

function metadataValue(cursor: HeaderCursor): Record<string, string> {
	const metadata: Record<string, string> = Object.create(null) as Record<string, string>;
	let count = 0;
	cursor.object(MAX_NAME, (key) => {
		if (key in metadata) cursor.fail(`the metadata key "${printable(key)}" is listed twice`);
		if ((count += 1) > MAX_METADATA_KEYS)
			cursor.fail(`more than ${MAX_METADATA_KEYS} metadata keys`);
		if (!cursor.startsWithString()) cursor.fail('metadata must be text');
		metadata[key] = cursor.string(MAX_METADATA_VALUE, true);
	});
	return metadata;
}

function tensorValue(cursor: HeaderCursor, key: string, spans: Spans): TensorInfo {
	return usualTensor(cursor, key, spans) ?? anyTensor(cursor, key, spans);
}

/** The fields in the order and spelling that every known writer uses; null, with nothing consumed, for any other. */
function usualTensor(cursor: HeaderCursor, key: string, spans: Spans): TensorInfo | null {
	const start = cursor.position;
	const dtype = cursor.literal('{"dtype":') ? cursor.string(32) : null;
	const shape = dtype !== null && cursor.literal(',"shape":') ? cursor.integers(MAX_AXES) : null;
	const offsets = shape && cursor.literal(',"data_offsets":') ? cursor.integers(2) : null;
	if (offsets && cursor.literal('}'))
		return checkedTensor(cursor, key, dtype, shape, offsets, spans);
	cursor.position = start;
	return null;
}

function anyTensor(cursor: HeaderCursor, key: string, spans: Spans): TensorInfo {
	let dtype: string | null = null;
	let shape: number[] | null = null;
	let offsets: number[] | null = null;
	cursor.object(32, (field) => {
		if (field === 'dtype' && dtype === null) dtype = cursor.string(32);
		else if (field === 'shape' && shape === null) shape = cursor.integers(MAX_AXES);
		else if (field === 'data_offsets' && offsets === null) offsets = cursor.integers(2);
		else cursor.fail(`unexpected field "${printable(field)}"`);
	});
	return checkedTensor(cursor, key, dtype, shape, offsets, spans);
}

function checkedTensor(
	cursor: HeaderCursor,
	key: string,
	dtype: string | null,
	shape: number[] | null,
	offsets: number[] | null,
	spans: Spans,
): TensorInfo {
	const [begin, end] = offsets ?? [];
	if (dtype === null || shape === null || begin === undefined || end === undefined) {
		return cursor.fail(`the tensor "${printable(key)}" lacks dtype, shape or data_offsets`);
	}
	if (end < begin) cursor.fail(`the tensor "${printable(key)}" ends before it begins`);
	const bits = BITS[dtype];
	if (bits !== undefined) {
		let elements = 1;
		for (const size of shape) elements *= size;
		if (Math.ceil((elements * bits) / 8) !== end - begin) {
			cursor.fail(
				`the tensor "${printable(key)}" has ${end - begin} bytes, which its shape contradicts`,
			);
		}
	}
	spans.add(begin, end);
	return { dtype, shape, bytes: end - begin };
}

/** Data ranges of the tensors; sorted only when they do not come in order. */
class Spans {
	private readonly spans: Array<[begin: number, end: number]> = [];
	private inOrder = true;
	private lastEnd = 0;

	add(begin: number, end: number): void {
		if (begin < this.lastEnd) this.inOrder = false;
		this.lastEnd = Math.max(this.lastEnd, end);
		this.spans.push([begin, end]);
	}

	/** End of the data; throws where two tensors share bytes. */
	check(): number {
		if (this.inOrder) return this.lastEnd;
		this.spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
		let end = 0;
		for (const span of this.spans) {
			if (span[0] < end)
				throw new HeaderFault('HEADER_INVALID', 'Two tensors of the header share the same bytes.');
			end = span[1];
		}
		return end;
	}
}

/** A whole header from bytes in memory, for callers that have them. */
export function parseSafetensors(json: Buffer, fileBytes: number): ModelHeader {
	const parsed = parseHeaderText(json.toString('latin1'));
	checkData(parsed, json.length, fileBytes);
	return { container: 'safetensors', tensors: parsed.tensors, metadata: parsed.metadata };
}

/** Refuses a file that is shorter than its tensors need. */
export function checkData(table: TensorTable, jsonBytes: number, fileBytes: number): void {
	const expected = 8 + jsonBytes + table.dataBytes;
	if (expected > fileBytes) throw truncated(fileBytes, expected);
}

/**
 * Parses a GGUF header from the start of a file: key-value pairs, then the tensor table. Never reads data; every length
 * is checked against the file's size and a limit before it is used. Knows no file system.
 *
 * Published parsers trust the lengths in the file, so it is parsed here. Source: the GGUF specification of the ggml project.
 */
import type { ModelHeader, TensorInfo } from '../../../lib/detection';
import { HeaderFault, printable, truncated } from './problems';

/** The file's start was too short: read at least this many bytes and parse again. */
export class NeedMoreBytes extends Error {
	constructor(readonly bytes: number) {
		super('more bytes needed');
	}
}

/** Vocabularies of language models are a few megabytes; this is far above. */
export const MAX_GGUF_HEADER_BYTES = 128 * 1024 ** 2;
const MAX_TENSORS = 200_000;
const MAX_PAIRS = 100_000;
const MAX_KEY_BYTES = 65_535;
const MAX_AXES = 8;
const MAX_ARRAY_DEPTH = 3;
const MAX_KEPT_TEXT = 4096;
/** Longer lists are vocabularies; shorter ones may be the shape a tensor had before conversion. */
const MAX_KEPT_NUMBERS = 16;

/** Elements and bytes of a block by ggml's type number. */
const GGML_TYPES: Readonly<
	Record<number, readonly [name: string, elements: number, bytes: number]>
> = {
	0: ['F32', 1, 4],
	1: ['F16', 1, 2],
	2: ['Q4_0', 32, 18],
	3: ['Q4_1', 32, 20],
	6: ['Q5_0', 32, 22],
	7: ['Q5_1', 32, 24],
	8: ['Q8_0', 32, 34],
	9: ['Q8_1', 32, 36],
	10: ['Q2_K', 256, 84],
	11: ['Q3_K', 256, 110],
	12: ['Q4_K', 256, 144],
	13: ['Q5_K', 256, 176],
	14: ['Q6_K', 256, 210],
	15: ['Q8_K', 256, 292],
	16: ['IQ2_XXS', 256, 66],
	17: ['IQ2_XS', 256, 74],
	18: ['IQ3_XXS', 256, 98],
	19: ['IQ1_S', 256, 50],
	20: ['IQ4_NL', 32, 18],
	21: ['IQ3_S', 256, 110],
	22: ['IQ2_S', 256, 82],
	23: ['IQ4_XS', 256, 136],
	24: ['I8', 1, 1],
	25: ['I16', 1, 2],
	26: ['I32', 1, 4],
	27: ['I64', 1, 8],
	28: ['F64', 1, 8],
	29: ['IQ1_M', 256, 56],
	30: ['BF16', 1, 2],
	34: ['TQ1_0', 256, 54],
	35: ['TQ2_0', 256, 66],
	39: ['MXFP4', 32, 17],
};

/** Bytes of a scalar by the type number of a value; 8 is text, 9 an array. */
const SCALAR_BYTES: Readonly<Record<number, number>> = {
	0: 1,
	1: 1,
	2: 2,
	3: 2,
	4: 4,
	5: 4,
	6: 4,
	7: 1,
	10: 8,
	11: 8,
	12: 8,
};
const TEXT = 8;
const ARRAY = 9;

class GgufCursor {
	position = 0;

	constructor(
		private readonly bytes: Buffer,
		private readonly fileBytes: number,
	) {}

	/** Makes sure that the next bytes are there; returns where they start. */
	advance(count: number): number {
		const start = this.position;
		const end = start + count;
		if (end > this.fileBytes) throw truncated(this.fileBytes, end);
		if (end > MAX_GGUF_HEADER_BYTES) {
			throw new HeaderFault(
				'HEADER_TOO_LARGE',
				`The header needs more than ${MAX_GGUF_HEADER_BYTES} bytes.`,
			);
		}
		if (end > this.bytes.length) throw new NeedMoreBytes(end);
		this.position = end;
		return start;
	}

	u32(): number {
		return this.bytes.readUInt32LE(this.advance(4));
	}

	/** A count or a length. */
	u64(what: string, limit: number): number {
		const value = this.bytes.readBigUInt64LE(this.advance(8));
		if (value > BigInt(limit)) {
			throw new HeaderFault(
				'HEADER_INVALID',
				`The header claims ${value} for ${what}; at most ${limit} are possible.`,
			);
		}
		return Number(value);
	}

	text(limit: number): string {
		const length = this.u64('the length of a text', Math.max(limit, this.fileBytes));
		const start = this.advance(length);
		return this.bytes.toString('utf8', start, start + Math.min(length, limit));
	}

	key(): string {
		const length = this.u64('the length of a name', MAX_KEY_BYTES);
		const start = this.advance(length);
		return this.bytes.toString('utf8', start, start + length);
	}

	/** A scalar as text, a text cut to what is kept, a short list of numbers with commas; null for other arrays. */
	value(type: number, depth = 0): string | null {
		if (type === TEXT) return this.text(MAX_KEPT_TEXT);
		if (type === ARRAY) return this.array(depth);
		const size = SCALAR_BYTES[type];
		if (size === undefined)
			throw new HeaderFault('HEADER_INVALID', `The header has a value of unknown type ${type}.`);
		const start = this.advance(size);
		return scalarText(this.bytes, type, start);
	}

	private array(depth: number): string | null {
		if (depth >= MAX_ARRAY_DEPTH)
			throw new HeaderFault('HEADER_INVALID', 'The header has arrays nested too deeply.');
		const type = this.u32();
		const size = SCALAR_BYTES[type];
		const count = this.u64('the length of an array', this.fileBytes);
		if (size !== undefined) {
			const start = this.advance(count * size);
			if (count > MAX_KEPT_NUMBERS) return null;
			return Array.from({ length: count }, (_, i) =>
				scalarText(this.bytes, type, start + i * size),
			).join(',');
		}
		if (type !== TEXT && type !== ARRAY) {
			throw new HeaderFault('HEADER_INVALID', `The header has an array of unknown type ${type}.`);
		}
		for (let index = 0; index < count; index += 1) {
			if (type === TEXT) this.advance(this.u64('the length of a text', this.fileBytes));
			else this.array(depth + 1);
		}
		return null;
	}
}

function scalarText(bytes: Buffer, type: number, at: number): string {
	switch (type) {
		case 0:
			return String(bytes.readUInt8(at));
		case 1:
			return String(bytes.readInt8(at));
		case 2:
			return String(bytes.readUInt16LE(at));
		case 3:
			return String(bytes.readInt16LE(at));
		case 4:
			return String(bytes.readUInt32LE(at));
		case 5:
			return String(bytes.readInt32LE(at));
		case 6:
			return String(bytes.readFloatLE(at));
		case 7:
			return bytes.readUInt8(at) === 0 ? 'false' : 'true';
		case 10:
			return String(bytes.readBigUInt64LE(at));
		case 11:
			return String(bytes.readBigInt64LE(at));
		default:
			return String(bytes.readDoubleLE(at));
	}
}

/**
 * @param bytes the file's start, as much as was read so far
 * @throws NeedMoreBytes, or HeaderFault where the header is not valid
 */
export function parseGguf(bytes: Buffer, fileBytes: number): ModelHeader {
	if (fileBytes === 0) throw new HeaderFault('EMPTY', 'The file is empty.');
	const cursor = new GgufCursor(bytes, fileBytes);
	if (bytes.toString('latin1', 0, 4) !== 'GGUF')
		throw new HeaderFault('NOT_THE_FORMAT', 'The file is not in the GGUF format.');
	cursor.advance(4);
	const version = cursor.u32();
	if (version !== 2 && version !== 3) {
		throw new HeaderFault(
			'NOT_THE_FORMAT',
			`GGUF version ${version} is not supported (2 and 3 are).`,
		);
	}
	const tensorCount = cursor.u64('the number of tensors', MAX_TENSORS);
	const metadata = readPairs(cursor, cursor.u64('the number of values', MAX_PAIRS));
	const table = readTensors(cursor, tensorCount, metadata);
	const alignment = Number(metadata['general.alignment'] ?? 32);
	const dataStart = Math.ceil(cursor.position / Math.max(1, alignment)) * Math.max(1, alignment);
	if (Number.isFinite(dataStart) && dataStart + table.dataBytes > fileBytes) {
		throw truncated(fileBytes, dataStart + table.dataBytes);
	}
	return { container: 'gguf', tensors: table.tensors, metadata };
}

function readPairs(cursor: GgufCursor, count: number): Record<string, string> {
	const metadata: Record<string, string> = Object.create(null) as Record<string, string>;
	const seen = new Set<string>();
	for (let index = 0; index < count; index += 1) {
		const key = cursor.key();
		if (seen.has(key))
			throw new HeaderFault('HEADER_INVALID', `The value "${printable(key)}" is listed twice.`);
		seen.add(key);
		const value = cursor.value(cursor.u32());
		if (value !== null) metadata[key] = value;
	}
	return metadata;
}

function readTensors(cursor: GgufCursor, count: number, metadata: Record<string, string>) {
	const tensors = new Map<string, TensorInfo>();
	let dataBytes = 0;
	for (let index = 0; index < count; index += 1) {
		const name = cursor.key();
		if (tensors.has(name))
			throw new HeaderFault('HEADER_INVALID', `The tensor "${printable(name)}" is listed twice.`);
		const axes = cursor.u32();
		if (axes > MAX_AXES)
			throw new HeaderFault('HEADER_INVALID', `The tensor "${printable(name)}" has ${axes} axes.`);
		const shape: number[] = [];
		// stored fastest axis first, the reverse of PyTorch
		for (let axis = 0; axis < axes; axis += 1)
			shape.unshift(cursor.u64('a size', Number.MAX_SAFE_INTEGER));
		const type = cursor.u32();
		const offset = cursor.u64('an offset', Number.MAX_SAFE_INTEGER);
		const tensor = tensorOf(type, shape, name);
		tensors.set(name, restoredShape(tensor, metadata, name));
		dataBytes = Math.max(dataBytes, offset + tensor.bytes);
	}
	return { tensors, dataBytes };
}

function tensorOf(type: number, shape: number[], name: string): TensorInfo {
	const elements = shape.reduce((product, size) => product * size, 1);
	if (!Number.isSafeInteger(elements)) {
		throw new HeaderFault(
			'HEADER_INVALID',
			`The tensor "${printable(name)}" is larger than any file.`,
		);
	}
	const known = GGML_TYPES[type];
	if (!known) return { dtype: `TYPE_${type}`, shape, bytes: 0 };
	const [dtype, blockElements, blockBytes] = known;
	return { dtype, shape, bytes: Math.ceil(elements / blockElements) * blockBytes };
}

/** Convolutions are flattened by the converter, which notes the shape they had. */
function restoredShape(
	tensor: TensorInfo,
	metadata: Record<string, string>,
	name: string,
): TensorInfo {
	const note = metadata[`comfy.gguf.orig_shape.${name}`];
	if (note === undefined) return tensor;
	const shape = note.split(',').map(Number);
	return shape.every((size) => Number.isSafeInteger(size) && size >= 0)
		? { ...tensor, shape }
		: tensor;
}

/** Builds tensor tables for detection tests from the short form key -> [dtype, shape]. */
import type { ModelHeader } from '../../lib/detection';

const BITS: Record<string, number> = {
	F64: 64,
	F32: 32,
	F16: 16,
	BF16: 16,
	F8_E4M3: 8,
	F8_E5M2: 8,
	U8: 8,
	I8: 8,
	I32: 32,
	I64: 64,
};

export type ShortTable = Record<string, readonly [dtype: string, shape: readonly number[]]>;

export function tensorBytes(dtype: string, shape: readonly number[]): number {
	return (shape.reduce((product, size) => product * size, 1) * (BITS[dtype] ?? 16)) / 8;
}

export function headerOf(table: ShortTable, metadata: Record<string, string> = {}): ModelHeader {
	const tensors = new Map(
		Object.entries(table).map(([key, [dtype, shape]]) => [
			key,
			{ dtype, shape, bytes: tensorBytes(dtype, shape) },
		]),
	);
	return { container: 'safetensors', tensors, metadata };
}

/** A safetensors file's bytes up to the end of its header; `bodyBytes` is what the header claims to follow. */
export function safetensorsHeader(
	table: ShortTable,
	metadata?: Record<string, string>,
): { header: Buffer; bodyBytes: number } {
	let offset = 0;
	const json: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
	for (const [key, [dtype, shape]] of Object.entries(table)) {
		const end = offset + tensorBytes(dtype, shape);
		json[key] = { dtype, shape, data_offsets: [offset, end] };
		offset = end;
	}
	const text = Buffer.from(JSON.stringify(json));
	const length = Buffer.alloc(8);
	length.writeBigUInt64LE(BigInt(text.length));
	return { header: Buffer.concat([length, text]), bodyBytes: offset };
}

/** A GGUF file's header: text values and tensors of [ggml type, shape in PyTorch's order]. */
export function ggufHeader(
	values: Record<string, string>,
	tensors: Record<string, readonly [type: number, shape: readonly number[]]>,
): Buffer {
	const u32 = (value: number): Buffer => {
		const bytes = Buffer.alloc(4);
		bytes.writeUInt32LE(value);
		return bytes;
	};
	const u64 = (value: number): Buffer => {
		const bytes = Buffer.alloc(8);
		bytes.writeBigUInt64LE(BigInt(value));
		return bytes;
	};
	const text = (value: string): Buffer =>
		Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
	const pairs = Object.entries(values).map(([key, value]) =>
		Buffer.concat([text(key), u32(8), text(value)]),
	);
	const table = Object.entries(tensors).map(([name, [type, shape]]) =>
		Buffer.concat([
			text(name),
			u32(shape.length),
			...[...shape].reverse().map(u64),
			u32(type),
			u64(0),
		]),
	);
	const head = [Buffer.from('GGUF'), u32(3), u64(table.length), u64(pairs.length)];
	return Buffer.concat([...head, ...pairs, ...table]);
}

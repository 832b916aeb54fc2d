/** Encodes small, valid PNG files: the picture is stripes, but size, prompt metadata and weight are as asked. */
import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Private, ancillary, safe to copy: decoders skip it. */
const PADDING_CHUNK = 'paDd';
const CHUNK_OVERHEAD_BYTES = 12;

export interface PngOptions {
	width: number;
	height: number;
	/** Different seeds give different pictures. */
	seed: number;
	/** tEXt chunks, as ComfyUI writes `prompt`. */
	text?: Record<string, string>;
	/** The file is padded to at least this size. */
	leastBytes?: number;
}

/** A two-colour PNG of the given size. */
export function encodePng(options: PngOptions): Buffer {
	const { width, height, seed } = options;
	const chunks = [SIGNATURE, chunk('IHDR', header(width, height)), chunk('PLTE', palette(seed))];
	for (const [key, value] of Object.entries(options.text ?? {})) {
		chunks.push(chunk('tEXt', Buffer.from(`${key}\0${value}`, 'latin1')));
	}
	const pixels = chunk('IDAT', deflateSync(stripes(width, height, seed), { level: 1 }));
	const end = chunk('IEND', Buffer.alloc(0));
	const size = [...chunks, pixels, end].reduce((sum, part) => sum + part.length, 0);
	const missing = (options.leastBytes ?? 0) - size;
	if (missing > 0) {
		chunks.push(chunk(PADDING_CHUNK, Buffer.alloc(Math.max(0, missing - CHUNK_OVERHEAD_BYTES))));
	}
	return Buffer.concat([...chunks, pixels, end]);
}

function chunk(type: string, data: Buffer): Buffer {
	const result = Buffer.alloc(data.length + CHUNK_OVERHEAD_BYTES);
	result.writeUInt32BE(data.length, 0);
	result.write(type, 4, 'latin1');
	data.copy(result, 8);
	result.writeUInt32BE(checksum(result.subarray(4, 8 + data.length)), 8 + data.length);
	return result;
}

/** `zlib.crc32` exists from Node 20.15 and 22.2 on. */
function checksum(bytes: Buffer): number {
	return crc32(bytes);
}

/** One bit per pixel, palette. */
function header(width: number, height: number): Buffer {
	const data = Buffer.alloc(13);
	data.writeUInt32BE(width, 0);
	data.writeUInt32BE(height, 4);
	data[8] = 1;
	data[9] = 3;
	return data;
}

function palette(seed: number): Buffer {
	const data = Buffer.alloc(6);
	data.writeUIntBE(Math.abs(Math.trunc(seed)) % 0xffffff, 0, 3);
	data.writeUIntBE((Math.abs(Math.trunc(seed)) * 7919 + 0x204060) % 0xffffff, 3, 3);
	return data;
}

function stripes(width: number, height: number, seed: number): Buffer {
	const stride = 1 + Math.ceil(width / 8);
	const rows = Buffer.alloc(stride * height);
	const period = 8 + (Math.abs(Math.trunc(seed)) % 24);
	for (let y = 0; y < height; y += 1) {
		const filled = Math.floor(y / period) % 2 === 1;
		rows.fill(filled ? 0xff : 0, y * stride + 1, (y + 1) * stride);
	}
	return rows;
}

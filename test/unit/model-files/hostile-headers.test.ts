import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { NeedMoreBytes, parseGguf } from '../../../adapters/files/model-files/gguf';
import { HeaderFault } from '../../../adapters/files/model-files/problems';
import { headerLength, parseSafetensors } from '../../../adapters/files/model-files/safetensors';
import { detectModel } from '../../../lib/detection';
import { ggufHeader } from '../../support/headers';

const json = (text: string) => Buffer.from(text, 'latin1');
const parse = (text: string, fileBytes = 1e12) => parseSafetensors(json(text), fileBytes);

function length(value: bigint): Buffer {
	const bytes = Buffer.alloc(16);
	bytes.writeBigUInt64LE(value);
	bytes.write('{}', 8);
	return bytes;
}

describe('hostile safetensors headers', () => {
	it.each([
		['2^63', 2n ** 63n, 'HEADER_TOO_LARGE'],
		['2^64 - 1, a negative number', 2n ** 64n - 1n, 'HEADER_TOO_LARGE'],
		['more than 100 MB', 100_000_001n, 'HEADER_TOO_LARGE'],
		['more than the file has', 5000n, 'TRUNCATED'],
		['nothing', 0n, 'NOT_THE_FORMAT'],
	])('refuses a length of %s', (_case, value, code) => {
		expect(() => headerLength(length(value), 1000)).toThrow(expect.objectContaining({ code }));
	});

	it.each([
		['a zip bomb', 'PK\x03\x04aaaaaaaaaa', /zip/],
		['a gzip bomb', '\x1f\x8b\x08aaaaaaaaaaa', /gzip/],
		['a web page', '<!DOCTYPE html><html>', /web page/],
		['a Git LFS pointer', 'version https://git-lfs', /LFS/],
		['a GGUF file', 'GGUF\x03\x00\x00\x00aaaaaaa', /GGUF/],
	])('says what %s under the wrong name is', (_case, start, message) => {
		expect(() => headerLength(json(start), 1e9)).toThrow(message);
	});

	const tensor = '{"dtype":"F16","shape":[2],"data_offsets":[0,4]}';
	it.each([
		['a tensor listed twice', `{"a":${tensor},"a":${tensor}}`],
		['metadata listed twice', '{"__metadata__":{},"__metadata__":{}}'],
		['a metadata key listed twice', '{"__metadata__":{"a":"1","a":"2"}}'],
		['metadata that is no text', '{"__metadata__":{"a":1}}'],
		['metadata within metadata', '{"__metadata__":{"a":{"b":"c"}}}'],
		['a negative offset', '{"a":{"dtype":"F16","shape":[2],"data_offsets":[-4,0]}}'],
		['an end before the beginning', '{"a":{"dtype":"F16","shape":[2],"data_offsets":[4,0]}}'],
		['offsets that contradict the shape', '{"a":{"dtype":"F16","shape":[3],"data_offsets":[0,4]}}'],
		['two tensors on the same bytes', `{"a":${tensor},"b":${tensor}}`],
		[
			'a size above any file',
			'{"a":{"dtype":"F16","shape":[99999999999999999999],"data_offsets":[0,4]}}',
		],
		['a fraction', '{"a":{"dtype":"F16","shape":[1.5],"data_offsets":[0,4]}}'],
		['a missing field', '{"a":{"dtype":"F16","shape":[2]}}'],
		['an unknown field', '{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4],"x":1}}'],
		['a hundred axes', `{"a":{"dtype":"F16","shape":[${'1,'.repeat(99)}1],"data_offsets":[0,2]}}`],
		['a list instead of an object', '[]'],
		['text behind the end', '{}{}'],
		['a string without end', '{"a'],
		['deep nesting', `${'{"a":'.repeat(100_000)}`],
		['a name of a megabyte', `{"${'x'.repeat(1e6)}":${tensor}}`],
	])('refuses %s', (_case, text) => {
		expect(() => parse(text)).toThrow(HeaderFault);
	});

	it('refuses 100 MB of open brackets without building them', () => {
		const before = process.memoryUsage().heapUsed;
		expect(() => parseSafetensors(Buffer.alloc(20_000_000, '['), 1e12)).toThrow(HeaderFault);
		expect(process.memoryUsage().heapUsed - before).toBeLessThan(100e6);
	});

	it('refuses a file that ends before its tensors do', () => {
		expect(() => parse(`{"a":${tensor}}`, 20)).toThrow(/% there/);
	});

	it('reads what is valid however it is spaced and ordered', () => {
		const text = ` {\n "b" : { "data_offsets" : [ 4 , 8 ], "shape" : [ 1 , 2 ] , "dtype" : "F16" } , "a":${tensor},\r\n "__metadata__" : { "k\\u00e9y" : "va\\"lue" } }   `;
		const header = parse(text);
		expect([...header.tensors.keys()]).toEqual(['b', 'a']);
		expect({ ...header.metadata }).toEqual({ kéy: 'va"lue' });
	});

	it('keeps no more than the start of training notes', () => {
		const header = parse(`{"__metadata__":{"notes":"${'x'.repeat(1e6)}"}}`);
		expect(header.metadata['notes']).toHaveLength(4096);
	});

	it('takes a metadata key for what it is, whatever its name', () => {
		const header = parse('{"__metadata__":{"__proto__":"x","constructor":"y"}}');
		expect(Object.keys(header.metadata)).toEqual(['__proto__', 'constructor']);
	});

	it('ends with a header or a fault for any bytes', () => {
		const piece = fc.constantFrom(
			'{',
			'}',
			'[',
			']',
			'"',
			':',
			',',
			'\\',
			'0',
			'-1',
			'F16',
			'"a"',
			'__metadata__',
			'"dtype":',
			'"shape":[2]',
			'"data_offsets":[0,4]',
			tensor,
			' ',
			'\0',
			'é',
		);
		fc.assert(
			fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
				expectHeaderOrFault(() => parse(pieces.join('')));
			}),
			{ numRuns: 2000 },
		);
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				expectHeaderOrFault(() => parseSafetensors(Buffer.from(bytes), 1e6));
			}),
		);
	});
});

describe('hostile GGUF headers', () => {
	const valid = ggufHeader({ 'general.architecture': 'flux' }, { 'a.weight': [12, [256, 512]] });

	it('reads shapes in the order of PyTorch and sizes in blocks', () => {
		const header = parseGguf(valid, 1e9);
		expect(header.tensors.get('a.weight')).toEqual({
			dtype: 'Q4_K',
			shape: [256, 512],
			bytes: (256 * 512 * 144) / 256,
		});
		expect(header.metadata['general.architecture']).toBe('flux');
	});

	it('asks for more bytes instead of failing on a partial read', () => {
		expect(() => parseGguf(valid.subarray(0, 30), 1e9)).toThrow(NeedMoreBytes);
	});

	it.each([
		['2^63 tensors', 8],
		['2^63 values', 16],
		['a name of 2^63 bytes', 24],
	])('refuses %s', (_case, offset) => {
		const bytes = Buffer.from(valid);
		bytes.writeBigUInt64LE(2n ** 63n, offset);
		expect(() => parseGguf(bytes, 1e9)).toThrow(HeaderFault);
	});

	it('ends with a header, a fault or the wish for more for any change of a valid file', () => {
		fc.assert(
			fc.property(
				fc.nat({ max: valid.length - 1 }),
				fc.uint8Array({ minLength: 1, maxLength: 12 }),
				(at, change) => {
					const bytes = Buffer.from(valid);
					bytes.set(change.subarray(0, bytes.length - at), at);
					expectHeaderOrFault(() => parseGguf(bytes, bytes.length));
				},
			),
			{ numRuns: 1000 },
		);
	});
});

function expectHeaderOrFault(read: () => Parameters<typeof detectModel>[0]): void {
	try {
		detectModel(read(), 'any.safetensors');
	} catch (error) {
		if (!(error instanceof HeaderFault) && !(error instanceof NeedMoreBytes)) throw error;
		expect(error.message).not.toBe('');
	}
}

import { describe, expect, it } from 'vitest';

import { RouterError } from '../../../lib/errors';
import { splitCsv } from '../../../simulator/replay/csv';
import { parseTraceCsv } from '../../../simulator/replay/trace-csv';
import { parseTruth } from '../../../simulator/replay/truth-schema';

const HEAD =
	'arrival_seconds,purpose,urgency,deadline_seconds,min_quality,width,height,batch_size,user_id';

function problemsOf(parse: () => unknown): [string, string][] {
	try {
		parse();
	} catch (error) {
		expect(error).toBeInstanceOf(RouterError);
		return (error as RouterError).problems.map(({ path, message }) => [path, message]);
	}
	return [];
}

describe('a trace', () => {
	it('is read line by line, defaults for empty fields, sorted by arrival', () => {
		const text = `${HEAD}\n9.5,photo,urgent,30,0.5,1024,768,2,bob\r\n0,draft,,,,,,,\n`;
		expect(parseTraceCsv(text)).toEqual([
			{
				arrivalSeconds: 0,
				purpose: 'draft',
				urgency: 'normal',
				deadlineSeconds: null,
				minQuality: 0,
				width: null,
				height: null,
				batchSize: 1,
				userId: null,
			},
			{
				arrivalSeconds: 9.5,
				purpose: 'photo',
				urgency: 'urgent',
				deadlineSeconds: 30,
				minQuality: 0.5,
				width: 1024,
				height: 768,
				batchSize: 2,
				userId: 'bob',
			},
		]);
	});

	it('may order and leave out columns, begin with a mark and quote fields', () => {
		const text = '\uFEFFpurpose,user_id,arrival_seconds\n"photo","Doe, ""J""",1e1\n\n';
		expect(parseTraceCsv(text)).toMatchObject([
			{ purpose: 'photo', userId: 'Doe, "J"', arrivalSeconds: 10 },
		]);
	});

	it('without jobs is a trace', () => {
		expect(parseTraceCsv(HEAD)).toEqual([]);
	});

	it('names every fault with its line', () => {
		const text = [
			HEAD,
			'-1,photo,,,,,,,',
			'1,,,,,,,,',
			'1,photo,,0,1.5,8,10.5,0,',
			'0x10,photo,,Infinity,,,,,',
			'1,photo',
			'NaN,photo,,,,,,,',
		].join('\n');
		expect(problemsOf(() => parseTraceCsv(text)).map(([path]) => path)).toEqual([
			'line 2, arrival_seconds',
			'line 3, purpose',
			'line 4, deadline_seconds',
			'line 4, min_quality',
			'line 4, width',
			'line 4, height',
			'line 4, batch_size',
			'line 5, arrival_seconds',
			'line 5, deadline_seconds',
			'line 6',
			'line 7, arrival_seconds',
		]);
	});

	it('names unknown, doubled and missing columns', () => {
		const problems = problemsOf(() => parseTraceCsv('purpose,purpose,size\nphoto,photo,1'));
		expect(problems.map(([, message]) => message)).toEqual([
			'"size" is no column of a trace',
			'the column purpose is there twice',
			'the column arrival_seconds is missing',
		]);
		expect(problemsOf(() => parseTraceCsv('  \n'))).toEqual([['line 1', 'the file is empty']]);
	});

	it('counts lines through quoted line breaks', () => {
		const lines = splitCsv('a\n"x\ny",1\n\nb');
		expect(lines).toEqual([
			{ lineNumber: 1, fields: ['a'] },
			{ lineNumber: 2, fields: ['x\ny', '1'] },
			{ lineNumber: 5, fields: ['b'] },
		]);
	});
});

describe('a truth', () => {
	const known = { models: ['m'], servers: ['s'] };

	it('is exact where it is silent', () => {
		expect(parseTruth({}, known)).toEqual({
			time_factor: {},
			vram_factor: {},
			load_factor: {},
			noise_cv: 0,
			tail_probability: 0,
			tail_factor: 1,
			failures: [],
			co_tenant: [],
			dynamic_vram: false,
		});
	});

	it('names models and servers that are not there', () => {
		const json = {
			time_factor: { n: 1 },
			failures: [{ server: 't', at_seconds: 0, for_seconds: 1 }],
		};
		expect(problemsOf(() => parseTruth(json, known)).map(([path]) => path)).toEqual([
			'time_factor.n',
			'failures[0].server',
		]);
	});

	it('refuses what is no truth, all at once', () => {
		const json = { time_factor: { m: -1 }, noise_cv: 'x', tails: 1, failures: [{ server: 's' }] };
		const paths = problemsOf(() => parseTruth(json, known)).map(([path]) => path);
		expect(paths).toEqual(
			expect.arrayContaining(['time_factor.m', 'noise_cv', 'failures[0].at_seconds']),
		);
		expect(problemsOf(() => parseTruth({ tails: 1 }, known))).toHaveLength(1);
	});
});

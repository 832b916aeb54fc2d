import { describe, expect, it } from 'vitest';

import { parseConnectionString } from '../../../adapters/postgres/connection';
import { columnArrays, insertStatement } from '../../../adapters/postgres/rows-sql';
import { cutIntoChunks } from '../../../adapters/postgres/chunks';

describe('parseConnectionString', () => {
	it('reads every part', () => {
		expect(
			parseConnectionString(
				'postgresql://a%40b:p%3Aw%2F@db.example:6432/my%20db?sslmode=verify-ca&schema=router&application_name=x&connect_timeout=3',
			),
		).toMatchObject({
			host: 'db.example',
			port: 6432,
			database: 'my db',
			user: 'a@b',
			password: 'p:w/',
			sslMode: 'verify-ca',
			schema: 'router',
			applicationName: 'x',
			connectTimeoutMs: 3000,
		});
	});

	it.each([
		['postgres://u@h', { host: 'h', port: 5432, database: 'u' }],
		['postgres://u@[::1]:5433/d', { host: '::1', port: 5433, database: 'd' }],
		['postgres:///d?host=/var/run/postgresql', { host: '/var/run/postgresql', database: 'd' }],
	])('fills in what %s leaves out', (url, expected) => {
		expect(parseConnectionString(url)).toMatchObject(expected);
	});

	it.each(['', 'db', 'http://h/d', 'postgres://u:p%zz@h/d', 'postgres://h/d?sslmode=maybe'])(
		'refuses %j with a hint',
		(url) => {
			expect(() => parseConnectionString(url)).toThrow(
				expect.objectContaining({ code: 'OPTIONS_INVALID' }),
			);
		},
	);

	it('names a certificate file that cannot be read', () => {
		expect(() => parseConnectionString('postgres://h/d?sslrootcert=/no/such.pem')).toThrow(
			expect.objectContaining({ code: 'FILE_UNREADABLE' }),
		);
	});
});

describe('a batch as arrays', () => {
	it('escapes what would end an element or an array, and keeps null apart from the text NULL', () => {
		const rows = [{ t: 'a"b\\c' }, { t: null }, { t: 'NULL' }, { t: '' }, { t: '{,}' }];
		expect(columnArrays(rows, [['t', 'text']])).toEqual(['{"a\\"b\\\\c",NULL,"NULL","","{,}"}']);
	});

	it('is one statement whatever its length', () => {
		const text = insertStatement(
			'"s".t',
			[
				['a', 'text'],
				['at', 'timestamptz'],
			],
			{ at: 'now()' },
		);
		expect(text).toContain('coalesce(at, now())');
		expect(text).toContain('unnest($1::text[], $2::timestamptz[])');
	});
});

describe('cutIntoChunks', () => {
	it('keeps rows of one key together and in order, and remembers where each stood', () => {
		const rows = ['a', 'b', 'a', 'c', 'b', 'd'];
		const chunks = cutIntoChunks(rows, 2, (row) => row);
		expect(chunks).toEqual([
			{ rows: ['a', 'a'], positions: [0, 2] },
			{ rows: ['b', 'b'], positions: [1, 4] },
			{ rows: ['c', 'd'], positions: [3, 5] },
		]);
	});
});

import { describe, expect, it } from 'vitest';

import {
	isAway,
	isConnectionLoss,
	isTooSlow,
	postgresError,
} from '../../../adapters/postgres/errors';
import { retryLost, type RetryPolicy } from '../../../adapters/postgres/retry';

const lost = (): Error => Object.assign(new Error('Connection terminated unexpectedly'), {});
const conflict = (): Error =>
	Object.assign(new Error('duplicate key'), {
		code: '23505',
		constraint: 'model_usage_log_one_row_per_attempt',
	});

function policy(patienceMs: number, signal?: AbortSignal): RetryPolicy & { slept: number[] } {
	let now = 0;
	const slept: number[] = [];
	return {
		slept,
		clock: {
			nowMs: () => now,
			sleep: (ms) => {
				slept.push(ms);
				now += ms;
				return signal?.aborted ? Promise.reject(new Error('aborted')) : Promise.resolve();
			},
		},
		patienceMs: () => patienceMs,
		random: () => 0.5,
		signal,
	};
}

/** Fails as often as there are errors, then succeeds. */
function failing(errors: Error[]): () => Promise<string> {
	return () => {
		const error = errors.shift();
		return error ? Promise.reject(error) : Promise.resolve('done');
	};
}

describe('retryLost', () => {
	it('outlasts a minute without a database', async () => {
		const patient = policy(120_000);
		await expect(retryLost(patient, failing(Array.from({ length: 16 }, lost)))).resolves.toBe(
			'done',
		);
		expect(patient.slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(45_000);
		expect(Math.max(...patient.slept)).toBeLessThanOrEqual(5000);
	});

	it('gives up once its patience is over', async () => {
		const impatient = policy(1000);
		await expect(retryLost(impatient, failing(Array.from({ length: 99 }, lost)))).rejects.toThrow(
			'terminated',
		);
		expect(impatient.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(1000);
	});

	it('does not repeat what will not pass by itself', async () => {
		const once = policy(120_000);
		const syntax = Object.assign(new Error('syntax error'), { code: '42601' });
		await expect(retryLost(once, failing([syntax]))).rejects.toBe(syntax);
		expect(once.slept).toEqual([]);
	});

	it('repeats conflicts at once, without using up the patience', async () => {
		await expect(retryLost(policy(0), failing(Array.from({ length: 30 }, conflict)))).resolves.toBe(
			'done',
		);
	});

	it('has as much patience as the failure is worth, and repeats what else passes by itself', async () => {
		const slow = Object.assign(new Error('canceling statement due to lock timeout'), {
			code: '55P03',
		});
		const away = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
		const patient: RetryPolicy = {
			...policy(0),
			patienceMs: (error) => (isAway(error) ? 0 : 60_000),
			passes: (error) => isConnectionLoss(error) || isTooSlow(error),
		};
		await expect(retryLost(patient, failing([slow, lost(), slow]))).resolves.toBe('done');
		await expect(retryLost(patient, failing([slow, away, slow]))).rejects.toBe(away);
	});

	it('waits no longer once it is told to stop', async () => {
		const stop = new AbortController();
		stop.abort();
		await expect(
			retryLost(policy(120_000, stop.signal), failing([lost(), lost()])),
		).rejects.toThrow('terminated');
	});
});

describe("PostgreSQL's errors", () => {
	it.each([
		['ECONNREFUSED', 'POSTGRES_UNREACHABLE', true],
		['ENOTFOUND', 'POSTGRES_UNREACHABLE', false],
		['57P01', 'POSTGRES_UNREACHABLE', true],
		['57P03', 'POSTGRES_UNREACHABLE', true],
		['53300', 'POSTGRES_UNREACHABLE', true],
		['08006', 'POSTGRES_UNREACHABLE', true],
		['28P01', 'POSTGRES_UNAUTHORIZED', false],
		['3D000', 'POSTGRES_UNAUTHORIZED', false],
		['25006', 'POSTGRES_READ_ONLY', false],
		['42501', 'POSTGRES_PERMISSION', false],
		['42P01', 'POSTGRES_SCHEMA_OUTDATED', false],
		['42703', 'POSTGRES_SCHEMA_OUTDATED', false],
		['SELF_SIGNED_CERT_IN_CHAIN', 'POSTGRES_UNREACHABLE', false],
		['57014', 'POSTGRES_FAILED', false],
	])('%s becomes %s; passes by itself: %s', (code, expected, passes) => {
		const error = Object.assign(new Error('what the server said'), { code });
		const ours = postgresError(error, 'db:5432/x', 'Writing usage');
		expect(ours.code).toBe(expected);
		expect(ours.message).toContain('db:5432/x');
		expect(ours.hint).not.toBe('');
		expect(ours.cause).toBeUndefined();
		expect(isConnectionLoss(error)).toBe(passes);
	});

	it.each([
		['ECONNREFUSED', 'away'],
		['ENOTFOUND', 'away'],
		['57P03', 'away'],
		['ECONNRESET', 'lost'],
		['57P01', 'lost'],
		['55P03', 'slow'],
		['57014', 'slow'],
		['25P03', 'slow'],
		['42601', 'neither'],
	])('%s says that the database is %s', (code, expected) => {
		const error = Object.assign(new Error('what the server said'), { code });
		const other = isConnectionLoss(error) ? 'lost' : 'neither';
		const found = isAway(error) ? 'away' : isTooSlow(error) ? 'slow' : other;
		expect(found).toBe(expected);
	});
});

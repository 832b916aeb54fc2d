import { describe, expect, it } from 'vitest';

import { readOptions, USAGE } from '../../../bench/slo/options';
import { SCENARIOS, suiteSeeds, tuningSeeds } from '../../../bench/slo/scenarios';

describe('options of the benchmark', () => {
	it('runs the whole suite where nothing is asked for', () => {
		const options = readOptions([]);
		expect(options?.seeds).toEqual(suiteSeeds(20));
		expect(options?.scenarios).toHaveLength(SCENARIOS.length);
		expect(options).toMatchObject({ worlds: 60, ablationSeeds: 6, figure: true });
	});

	it('tuning takes other seeds, no worlds, and leaves the figure alone', () => {
		const options = readOptions(['--tuning', '--seeds', '20']);
		expect(options?.seeds).toEqual(tuningSeeds(20));
		expect(options?.seeds.filter((seed) => suiteSeeds(20).includes(seed))).toEqual([]);
		expect(options).toMatchObject({ worlds: 0, figure: false });
	});

	it('a part of the suite is not drawn', () => {
		expect(readOptions(['--scenarios', 'drop-200'])).toMatchObject({ worlds: 0, figure: false });
		expect(readOptions(['--seeds', '19'])?.figure).toBe(false);
	});

	it.each([
		[['--nope'], /--nope/],
		[['--seeds', '2.5'], /--seeds takes a whole number from 1/],
		[['--seeds', '0'], /--seeds takes a whole number from 1/],
		[['--worlds', ''], /--worlds takes a whole number from 0/],
		[['--ablation-seeds', 'two'], /--ablation-seeds takes a whole number from 0/],
		[['--minutes', '0'], /--minutes takes a number above 0/],
		[['--scenarios', 'nowhere'], /nowhere/],
		[['--policies', 'nobody'], /nobody/],
	])('says what is wrong with %j', (argv, message) => {
		expect(() => readOptions(argv)).toThrow(message);
	});

	it('help names every option and runs nothing', () => {
		expect(readOptions(['--help'])).toBeNull();
		for (const option of ['--seeds', '--minutes', '--tuning', '--scenarios', '--policies']) {
			expect(USAGE).toContain(option);
		}
	});
});

/** The last lines of `npm test`: a line per step, then what failed and why, short enough for a log of which only the end is kept. */

const MOST_FAILURES = 6;
const MOST_CHARACTERS = 200;
const COLOURS = /\u001b\[[0-9;]*m/g;

/** @param {import('./steps.mjs').StepResult[]} results @returns {string[]} */
export function closingLines(results) {
	const sum = (key) => results.reduce((total, result) => total + result[key], 0);
	const failures = results.flatMap((result) => result.failures);
	const rest = failures.length - MOST_FAILURES;
	return [
		...results.map(stepLine),
		...results.flatMap(({ retried }) => retried.map((name) => `second try: ${oneLine(name)}`)),
		...failures.slice(0, MOST_FAILURES).flatMap(failureLines),
		...(rest > 0 ? [`... and ${rest} more failures, above`] : []),
		'',
		`${sum('passed')} passed, ${sum('failed')} failed`,
	];
}

function stepLine({ name, passed, failed, seconds }) {
	const time = seconds === undefined ? '' : `, ${seconds} s`;
	return `${failed === 0 ? 'ok    ' : 'FAILED'} ${name}: ${passed} passed, ${failed} failed${time}`;
}

function failureLines({ where, message }) {
	return [`FAILED ${oneLine(where)}`, `       ${oneLine(message)}`];
}

function oneLine(text) {
	const line = text.replace(COLOURS, '').replace(/\s+/g, ' ').trim();
	return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 3)}...` : line;
}

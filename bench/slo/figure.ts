/** Draws quality against on-time ratio for all policies as an SVG. */
import { ABLATIONS, BOUND } from './contestants';
import { type Results, effectiveQuality, onTimeRatio, qualityOnTime } from './results';

const WIDTH = 860;
const HEIGHT = 560;
const MARGIN = { left: 70, right: 170, top: 56, bottom: 60 };
const COLOURS = {
	own: '#c2410c',
	other: '#334155',
	grid: '#e2e8f0',
	curve: '#94a3b8',
	text: '#0f172a',
};

interface Point {
	name: string;
	x: number;
	y: number;
}

const plotWidth = WIDTH - MARGIN.left - MARGIN.right;
const plotHeight = HEIGHT - MARGIN.top - MARGIN.bottom;
const QUALITY_FROM = 0.4;

function px(onTime: number): number {
	return MARGIN.left + onTime * plotWidth;
}

function py(quality: number): number {
	return MARGIN.top + ((1 - quality) / (1 - QUALITY_FROM)) * plotHeight;
}

function text(x: number, y: number, content: string, extra = ''): string {
	return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${content}</text>`;
}

function grid(): string[] {
	const lines: string[] = [];
	for (let i = 0; i <= 10; i += 2) {
		const x = px(i / 10);
		lines.push(
			`<line x1="${x}" y1="${py(1)}" x2="${x}" y2="${py(QUALITY_FROM)}" stroke="${COLOURS.grid}"/>`,
		);
		lines.push(text(x, py(QUALITY_FROM) + 20, `${i * 10} %`, 'text-anchor="middle"'));
	}
	for (let q = 4; q <= 10; q++) {
		const y = py(q / 10);
		lines.push(`<line x1="${px(0)}" y1="${y}" x2="${px(1)}" y2="${y}" stroke="${COLOURS.grid}"/>`);
		lines.push(text(px(0) - 8, y + 4, (q / 10).toFixed(1), 'text-anchor="end"'));
	}
	return lines;
}

/** Where quality x on time is the same: policies on one curve are equally good by the suite's measure. */
function curve(level: number, label: string): string {
	const points: string[] = [];
	for (let onTime = level; onTime <= 1.0001; onTime += 0.01) {
		const quality = level / onTime;
		if (quality < QUALITY_FROM) break;
		points.push(`${px(Math.min(onTime, 1)).toFixed(1)},${py(quality).toFixed(1)}`);
	}
	const end = points[points.length - 1]?.split(',').map(Number) ?? [0, 0];
	const line = `<polyline points="${points.join(' ')}" fill="none" stroke="${COLOURS.curve}" stroke-dasharray="4 4"/>`;
	const note = text(
		(end[0] as number) + 6,
		(end[1] as number) + 4,
		label,
		`fill="${COLOURS.curve}"`,
	);
	return line + note;
}

/** Ours stand on the right, where there is room; a label that had to move away has a line to its point. */
function labels(points: readonly Point[]): string[] {
	const placed: { x: number; y: number }[] = [];
	return [...points]
		.sort((a, b) => py(a.y) - py(b.y))
		.map((point) => {
			const own = isOwn(point.name);
			const x = own ? px(1) + 36 : px(point.x) - 10;
			const from = py(point.y) + 4;
			let y = from;
			while (placed.some((other) => Math.abs(other.y - y) < 14 && Math.abs(other.x - x) < 120))
				y += 3;
			placed.push({ x, y });
			const style = own ? `fill="${COLOURS.own}" font-weight="700"` : `fill="${COLOURS.other}"`;
			const anchor = own ? 'start' : 'end';
			const label = text(x, y, point.name, `text-anchor="${anchor}" ${style}`);
			const moved = own || y - from > 12;
			return moved ? leader(point, own ? x - 4 : x + 3, y - 4) + label : label;
		});
}

function leader({ name, x, y }: Point, toX: number, toY: number): string {
	const colour = isOwn(name) ? COLOURS.own : COLOURS.other;
	return `<line x1="${px(x).toFixed(1)}" y1="${py(y).toFixed(1)}" x2="${toX.toFixed(1)}" y2="${toY.toFixed(1)}" stroke="${colour}" stroke-width="0.6"/>`;
}

function isOwn(name: string): boolean {
	return name.startsWith('router');
}

export function drawFigure(results: Results): string {
	const ablations = ABLATIONS.map((policy) => policy.name);
	const points = results.policies
		.filter((policy) => policy !== BOUND && !ablations.includes(policy))
		.map((name) => ({
			name,
			x: results.overall(name, onTimeRatio),
			y: results.overall(name, qualityOnTime),
		}));
	const dots = points.map(({ name, x, y }) => {
		const own = isOwn(name);
		const colour = own ? COLOURS.own : COLOURS.other;
		return `<circle cx="${px(x).toFixed(1)}" cy="${py(y).toFixed(1)}" r="${own ? 7 : 5}" fill="${colour}"/>`;
	});
	const bound = results.has(BOUND) ? results.overall(BOUND, effectiveQuality) : null;
	const curves = [0.2, 0.4, 0.6, 0.7, 0.8].map((level) => curve(level, level.toFixed(1)));
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
		`<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
		text(
			MARGIN.left,
			26,
			'Quality against deadlines met, mean over all scenarios',
			'font-size="16" font-weight="700"',
		),
		text(
			MARGIN.left,
			44,
			'dashed: equal effective quality (quality x on time)',
			`fill="${COLOURS.other}"`,
		),
		...grid(),
		...curves,
		...(bound === null ? [] : [curve(bound, `${bound.toFixed(2)} upper bound`)]),
		...labels(points),
		...dots,
		text(px(0.5), HEIGHT - 14, 'jobs finished by their deadline', 'text-anchor="middle"'),
		text(
			18,
			py(0.7),
			'mean quality of those on time',
			`text-anchor="middle" transform="rotate(-90 18 ${py(0.7)})"`,
		),
		'</svg>',
		'',
	].join('\n');
}

/** From a chart's description to SVG that stands in a page: no script, no style of its own, colours from the page. */
import { init } from './chart-library';
import { escapeHtml, shortName } from './html';

export type ChartOption = Record<string, unknown>;

export interface Size {
	width: number;
	height: number;
}

const LONGEST_NAME = 22;

/**
 * A stranger's name as a label of a chart; every name that goes into one goes through here. The renderer caches texts as
 * keys of plain objects and would write into Object.prototype at `__proto__`: a name that every object knows already
 * gets a space of no width.
 */
export function chartName(name: string): string {
	const short = shortName(name, LONGEST_NAME);
	return short in {} ? `\u200B${short}` : short;
}

/**
 * @param label what it shows, for those who do not see it
 * @param id unique in the page
 */
export function renderChart(option: ChartOption, size: Size, label: string, id: string): string {
	const chart = init(null, null, { renderer: 'svg', ssr: true, ...size });
	try {
		chart.setOption({ animation: false, ...option });
		return cleaned(chart.renderToSVGString(), size, label, id);
	} finally {
		// keeps a timer otherwise
		chart.dispose();
	}
}

/** Texts are escaped by the renderer, quotes too: what looks like an attribute here is one. */
function cleaned(svg: string, { width, height }: Size, label: string, id: string): string {
	const body = svg
		.replace(/^<svg[^>]*>/, '')
		.replace(/<\/svg>\s*$/, '')
		.replace(/<style\s*>[\s\S]*?<\/style>/g, '')
		.replace(/<rect width="\d+" height="\d+" x="0" y="0"[^>]*><\/rect>/, '')
		.replace(/ (?:class|xml:space|ecmeta_\w+)="[^"]*"/g, '')
		.replace(/\bzr\d+-/g, `${id}-`)
		.replace(/font-family:[^;"]*;?/g, '');
	return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">${body}</svg>`;
}

/**
 * The part of Apache ECharts that the report draws with. `npm run build` puts its bundled form in this file's place, so
 * that it is no dependency of the package: nothing else may import echarts.
 */
import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, CustomChart, LineChart, GridComponent, MarkLineComponent, SVGRenderer]);

export { init };

import { render } from 'preact';
import { App } from './app.tsx';
import { ViewerState } from './state.ts';
import './page.css';
import './timeline.css';
import './table.css';
import './side-panel.css';

render(<App state={new ViewerState()} />, document.getElementById('app')!);

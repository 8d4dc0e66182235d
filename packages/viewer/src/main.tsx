import { render } from 'preact';
import { App } from './app.tsx';
import { ViewerState } from './state.ts';
import './style.css';

render(<App state={new ViewerState()} />, document.getElementById('app')!);

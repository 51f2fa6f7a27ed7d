import './health.css';

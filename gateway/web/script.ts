import { PRINT_SCRIPT } from './print.ts';

/**
 * What a page gains where JavaScript runs: the position instead of the digits, a countdown, and the
 * order's state live. Without it every page works the same by its form and links.
 */
export const SCRIPT = `
const $=i=>document.getElementById(i),d=document.body.dataset,f=$('pay');
const locate=$('locate'),where=$('where'),digits=$('digits');
function position(){
 where.textContent=d.wait;
 navigator.geolocation.getCurrentPosition(({coords:c})=>{
  f.latitude.value=c.latitude;f.longitude.value=c.longitude;f.accuracy_m.value=c.accuracy;
  digits.required=false;where.textContent=d.good;locate.hidden=true},
 ()=>{where.textContent=d.none;locate.hidden=true;digits.focus()},
 {enableHighAccuracy:true,timeout:10000,maximumAge:30000})}
if(locate&&window.isSecureContext&&navigator.geolocation){
 locate.hidden=false;locate.onclick=position;
 navigator.permissions?.query({name:'geolocation'}).then(p=>p.state=='granted'&&position(),()=>0)}
if(f)f.onsubmit=()=>{const b=f.querySelector('.pay');setTimeout(()=>b.disabled=true);
 b.textContent=d.paying};
addEventListener('pageshow',e=>e.persisted&&location.reload());
const left=$('left');
if(left){const end=performance.now()+left.dataset.ms*1;(function tick(){
 const s=Math.max(0,Math.ceil((end-performance.now())/1000));
 left.textContent=Math.floor(s/60)+':'+String(s%60).padStart(2,'0');
 if(s)setTimeout(tick,500)})()}
if(d.events){const e=new EventSource(d.events);
 e.addEventListener('order',m=>{if(JSON.parse(m.data).state!='offered'){e.close();
 if(!f||!f.querySelector('.pay').disabled)location.replace(d.next)}})}
${PRINT_SCRIPT}
`;

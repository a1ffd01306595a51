import { PRINT_SCRIPT } from '../../web/print.ts';

/**
 * What the pages behind a link gain where JavaScript runs: the state live, one press a form, and the
 * browser's own dialogue for face and fingerprint, which nothing else can open.
 */
export const SCRIPT = `
const $=i=>document.getElementById(i),m=document.querySelector('main>div'),d=m.dataset;
addEventListener('pageshow',e=>e.persisted&&location.reload());
let e;for(const f of document.forms)f.onsubmit=()=>{e?.close();
setTimeout(()=>f.querySelectorAll('button').forEach(b=>b.disabled=true))};
if(d.events){e=new EventSource(d.events);e.addEventListener('state',x=>{
if(x.data!=d.state){e.close();location.replace(d.next)}})}
${PRINT_SCRIPT}
const b=s=>Uint8Array.from(atob(s.replace(/-/g,'+').replace(/_/g,'/')),c=>c.charCodeAt());
const u=a=>btoa(String.fromCharCode(...new Uint8Array(a))).replace(/\\+/g,'-').replace(/\\//g,'_').replace(/=+$/,'');
const post=async(path,body)=>{const r=await fetch(d.api+path,{method:'POST',
headers:{'content-type':'application/json'},body:JSON.stringify(body)});
if(!r.ok)throw r.status;return r.json()};
const json=(c,r)=>({id:c.id,rawId:c.id,type:c.type,
authenticatorAttachment:c.authenticatorAttachment,clientExtensionResults:{},response:r});
const press=(id,work)=>{const k=$(id);if(!k)return;k.hidden=false;k.onclick=async()=>{
k.disabled=true;try{await work(k)}catch(e){const s=$('said');s.textContent=s.dataset.none;s.hidden=false;
k.disabled=false;if(e>403)location.replace(d.next)}}};
if(window.PublicKeyCredential){if($('needs'))$('needs').hidden=true;
press('passkey',async()=>{const o=await post('/passkey-options',{});o.challenge=b(o.challenge);
const c=await navigator.credentials.get({publicKey:o}),r=c.response;
await post('/passkey',json(c,{clientDataJSON:u(r.clientDataJSON),authenticatorData:u(r.authenticatorData),
signature:u(r.signature),userHandle:r.userHandle&&u(r.userHandle)}));location.replace(d.done)});
press('add',async k=>{const o=await post('/registration-options',{});o.challenge=b(o.challenge);
o.user.id=b(o.user.id);for(const x of o.excludeCredentials)x.id=b(x.id);
const c=await navigator.credentials.create({publicKey:o}),r=c.response;
await post('/registration',json(c,{clientDataJSON:u(r.clientDataJSON),
attestationObject:u(r.attestationObject),transports:r.getTransports?r.getTransports():[]}));
const s=$('said');s.textContent=s.dataset.good;s.hidden=false;k.hidden=true})}
`;

(async()=>{"use strict";
const $=i=>document.getElementById(i),nv=new niivue.Niivue({backColor:[0,0,0,1],show3Dcrosshair:true,isRadiologicalConvention:true,crosshairWidth:.7,crosshairColor:[1,.8,0,.8]});
await nv.attachTo("nv-canvas");nv.setMultiplanarLayout(2);nv.setSliceType(nv.sliceTypeMultiplanar);
const load=(o,more)=>niivue.NVImage.loadFromBase64(Object.assign({base64:$("v-"+o.value).textContent,name:o.value+(o.dataset.gz==="1"?".nii.gz":".nii")},more));
let turn=0;async function show(){const mine=++turn,base=$("nv-base").selectedOptions[0],map=$("nv-map").selectedOptions[0],list=[];
if(base)list.push(await load(base,{colormap:"gray",frame4D:+base.dataset.frame}));
if(map&&map.value)list.push(await load(map,{colormap:"viridis",opacity:.6,cal_min:+map.dataset.lo,cal_max:+map.dataset.hi}));
for(const b of document.querySelectorAll(".nv-label:checked"))list.push(await load(b,{colormap:b.value==="liver"?"blue":"warm",opacity:.4,cal_min:0,cal_max:1}));
if(mine!==turn)return;while(nv.volumes.length)nv.removeVolume(nv.volumes[0]);for(const v of list)nv.addVolume(v);nv.updateGLVolume();$("nv-canvas").dataset.ready="1";}
for(const e of document.querySelectorAll("#nv-base,#nv-map,.nv-label"))e.addEventListener("change",show);
for(const b of document.querySelectorAll(".nv-go"))b.addEventListener("click",()=>{nv.scene.crosshairPos=nv.mm2frac(b.dataset.mm.split(",").map(Number));nv.drawScene();});
await show();const first=document.querySelector(".nv-go");if(first)first.click();
})();

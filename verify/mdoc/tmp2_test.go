package mdoc
import ("testing";"fmt";"github.com/fxamacker/cbor/v2")
func TestDump(t *testing.T){
	for _,v:=range vectors { if v.load==nil {continue}
		s:=v.load(t,v.file); b:=s.response; if b==nil {b=s.issued}
		var x map[string]cbor.RawMessage
		cbor.Unmarshal(b,&x)
		issuer:=func(r cbor.RawMessage){
			var is struct{NameSpaces map[string][]cbor.Tag `cbor:"nameSpaces"`; IssuerAuth []cbor.RawMessage `cbor:"issuerAuth"`}
			fmt.Println(v.file, cbor.Unmarshal(r,&is))
			for _,l:=range is.NameSpaces { for k,it:=range l { if k<2 || v.file=="bdr-mdl/issuer_signed.hex" { d,_:=cbor.Diagnose(it.Content.([]byte)); if len(d)>200{d=d[:200]}; fmt.Println("   ",d)} } }
			if len(is.IssuerAuth)==4 { var p []byte; cbor.Unmarshal(is.IssuerAuth[2],&p); var tg cbor.Tag; cbor.Unmarshal(p,&tg); if c,ok:=tg.Content.([]byte);ok { var m map[string]cbor.RawMessage; cbor.Unmarshal(c,&m); d,_:=cbor.Diagnose(m["validityInfo"]); fmt.Println("   ",d); d,_=cbor.Diagnose(m["status"]); fmt.Println("   status",d); d,_=cbor.Diagnose(m["deviceKeyInfo"]); fmt.Println("   ",d)}}
		}
		if s.issued!=nil { issuer(b); continue }
		var docs []map[string]cbor.RawMessage
		cbor.Unmarshal(x["documents"],&docs)
		for _,d:=range docs { issuer(d["issuerSigned"]); g,_:=cbor.Diagnose(d["deviceSigned"]); if len(g)>300 {g=g[:300]}; fmt.Println("    D",g) }
	}
}

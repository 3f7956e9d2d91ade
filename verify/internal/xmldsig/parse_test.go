package xmldsig

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		doc  string
		want error
	}{
		"smallest":                         {`<r/>`, nil},
		"declaration":                      {`<?xml version="1.0" encoding="utf-8" standalone='no'?>` + "\r\n<r/>\n", nil},
		"declaration without an encoding":  {"<?xml  version = '1.0' ?><r/>", nil},
		"byte order mark":                  {"\xEF\xBB\xBF<r/>", nil},
		"attribute with a colon first":     {"<!-- a - b --><r a='1'\n:b=\"2\"></r>", ErrMalformed},
		"tokens":                           {"<!-- a - b --><r a='1'\nb=\"2\" ><![CDATA[<]]><é/> &amp;&#x1F600; </r\n><!---->", nil},
		"xml prefix declared":              {`<r xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang=""/>`, nil},
		"same local name, other namespace": {`<r xmlns:a="urn:a" x="" a:x=""/>`, nil},
		"identifiers of two spellings":     {`<r Id="1" ID="2" id="3"/>`, nil},

		"document type":                 {`<!DOCTYPE r><r/>`, ErrDTD},
		"document type, internal":       {`<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>`, ErrDTD},
		"document type in a bad case":   {`<!doctype r><r/>`, ErrDTD},
		"declaration inside the root":   {`<r><!ENTITY e "x"></r>`, ErrDTD},
		"entity":                        {`<r>&nbsp;</r>`, ErrDTD},
		"entity in a value":             {`<r a="&e;"/>`, ErrDTD},
		"parameter entity":              {`<r/>%e;`, ErrMalformed},
		"style sheet":                   {`<?xml-stylesheet href="x"?><r/>`, ErrDTD},
		"instruction inside":            {`<r><?p?></r>`, ErrDTD},
		"instruction after":             {`<r/><?p?>`, ErrDTD},
		"second declaration":            {`<?xml version="1.0"?><?xml version="1.0"?><r/>`, ErrDTD},
		"declaration after white space": {` <?xml version="1.0"?><r/>`, ErrDTD},

		"empty":                          {``, ErrMalformed},
		"white space":                    {" \n", ErrMalformed},
		"XML 1.1":                        {`<?xml version="1.1"?><r/>`, ErrMalformed},
		"Latin-1":                        {`<?xml version="1.0" encoding="ISO-8859-1"?><r/>`, ErrMalformed},
		"UTF-16":                         {"\xFF\xFE<\x00r\x00/\x00>\x00", ErrMalformed},
		"UTF-16 by declaration":          {`<?xml version="1.0" encoding="UTF-16"?><r/>`, ErrMalformed},
		"no version":                     {`<?xml encoding="UTF-8"?><r/>`, ErrMalformed},
		"declaration out of order":       {`<?xml version="1.0" standalone="yes" encoding="UTF-8"?><r/>`, ErrMalformed},
		"declaration with more":          {`<?xml version="1.0" x="y"?><r/>`, ErrMalformed},
		"declaration without quotes":     {`<?xml version=1.0?><r/>`, ErrMalformed},
		"declaration, standalone maybe":  {`<?xml version="1.0" standalone="maybe"?><r/>`, ErrMalformed},
		"declaration without end":        {`<?xml version="1.0"`, ErrMalformed},
		"not UTF-8":                      {"<r>\xC3\x28</r>", ErrMalformed},
		"overlong UTF-8":                 {"<r>\xC0\xBC</r>", ErrMalformed},
		"surrogate":                      {"<r>\xED\xA0\x80</r>", ErrMalformed},
		"zero":                           {"<r>\x00</r>", ErrMalformed},
		"control character":              {"<r>\x1B</r>", ErrMalformed},
		"U+FFFE":                         {"<r>\uFFFE</r>", ErrMalformed},
		"reference to zero":              {`<r>&#0;</r>`, ErrMalformed},
		"reference to a surrogate":       {`<r>&#xD800;</r>`, ErrMalformed},
		"reference beyond Unicode":       {`<r>&#x110000;</r>`, ErrMalformed},
		"reference with a sign":          {`<r>&#+65;</r>`, ErrMalformed},
		"reference in capital X":         {`<r>&#X41;</r>`, ErrMalformed},
		"reference to nothing":           {`<r>&#;</r>`, ErrMalformed},
		"reference without end":          {`<r>&amp</r>`, ErrMalformed},
		"reference outside":              {`<r/>&#32;`, ErrMalformed},
		"bare ampersand":                 {`<r>a & b</r>`, ErrMalformed},
		"text before":                    {`x<r/>`, ErrMalformed},
		"text after":                     {`<r/>x`, ErrMalformed},
		"CDATA outside":                  {`<r/><![CDATA[]]>`, ErrMalformed},
		"CDATA without end":              {`<r><![CDATA[</r>`, ErrMalformed},
		"end of CDATA in text":           {`<r>]]></r>`, ErrMalformed},
		"two roots":                      {`<r/><r/>`, ErrMalformed},
		"not closed":                     {`<r>`, ErrMalformed},
		"closed twice":                   {`<r></r></r>`, ErrMalformed},
		"crossed":                        {`<r><a><b></a></b></r>`, ErrMalformed},
		"other prefix at the end":        {`<a:r xmlns:a="urn:a" xmlns:b="urn:a"></b:r>`, ErrMalformed},
		"comment with hyphens":           {`<r><!-- -- --></r>`, ErrMalformed},
		"comment ending in three":        {`<r><!-- ---></r>`, ErrMalformed},
		"comment without end":            {`<r/><!-- `, ErrMalformed},
		"tag without end":                {`<r a="1"`, ErrMalformed},
		"end tag without end":            {`<r></r`, ErrMalformed},
		"end tag with an attribute":      {`<r></r a="1">`, ErrMalformed},
		"slash in a tag":                 {`<r / >`, ErrMalformed},
		"attribute without white space":  {`<r a="1"b="2"/>`, ErrMalformed},
		"attribute without value":        {`<r a/>`, ErrMalformed},
		"attribute without quotes":       {`<r a=1/>`, ErrMalformed},
		"attribute without end":          {`<r a="1/>`, ErrMalformed},
		"less-than in a value":           {`<r a="<"/>`, ErrMalformed},
		"attribute twice":                {`<r a="1" a="1"/>`, ErrMalformed},
		"attribute twice by namespace":   {`<r xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="2"/>`, ErrMalformed},
		"default namespace twice":        {`<r xmlns="urn:a" xmlns="urn:a"/>`, ErrMalformed},
		"prefix twice":                   {`<r xmlns:a="urn:a" xmlns:a="urn:b"/>`, ErrMalformed},
		"undeclared prefix":              {`<a:r/>`, ErrMalformed},
		"undeclared prefix of a value":   {`<r a:x=""/>`, ErrMalformed},
		"prefix declared beside":         {`<r><a xmlns:p="urn:p"/><p:b/></r>`, ErrMalformed},
		"prefix undone":                  {`<r xmlns:a="urn:a"><x xmlns:a=""/></r>`, ErrMalformed},
		"prefix xml bound otherwise":     {`<r xmlns:xml="urn:a"/>`, ErrMalformed},
		"namespace of xml bound":         {`<r xmlns:a="http://www.w3.org/XML/1998/namespace"/>`, ErrMalformed},
		"namespace of xml as default":    {`<r xmlns="http://www.w3.org/XML/1998/namespace"/>`, ErrMalformed},
		"prefix xmlns bound":             {`<r xmlns:xmlns="http://www.w3.org/2000/xmlns/"/>`, ErrMalformed},
		"prefix xmlns on an element":     {`<xmlns:r/>`, ErrMalformed},
		"relative namespace":             {`<r xmlns="list"/>`, ErrMalformed},
		"namespace without a scheme":     {`<r xmlns="1:list"/>`, ErrMalformed},
		"declaration with no value":      {`<?xml version?><r/>`, ErrMalformed},
		"declaration with an open value": {`<?xml version="1.0?><r/>`, ErrMalformed},
		"end tag without a name":         {`<r></>`, ErrMalformed},
		"name with two colons":           {`<a:b:c xmlns:a="urn:a"/>`, ErrMalformed},
		"name with a colon first":        {`<:r/>`, ErrMalformed},
		"name with a colon last":         {`<r:/>`, ErrMalformed},
		"name with a digit first":        {`<1r/>`, ErrMalformed},
		"name with a digit after colon":  {`<a:1r xmlns:a="urn:a"/>`, ErrMalformed},
		"name of a wrong character":      {"<r\u00D7/>", ErrMalformed},
		"white space before a name":      {`< r/>`, ErrMalformed},
		"not XML":                        {`%PDF-1.7`, ErrMalformed},

		"identifier twice":                 {`<r Id="1"><x Id="1"/></r>`, ErrWrapping},
		"identifier twice, other spelling": {`<r Id="1"><x id="1"/></r>`, ErrWrapping},
		"identifier twice, one element":    {`<r Id="1" ID="1"/>`, ErrWrapping},
		"identifier twice by reference":    {`<r Id="1"><x ID="&#49;"/></r>`, ErrWrapping},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Parse([]byte(c.doc))
			if c.want == nil && err != nil || !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if (err == nil) != (d != nil) {
				t.Error("a refused document was returned")
			}
		})
	}
}

// TestLimits goes up to each limit and one beyond.
func TestLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("<r>", n) + strings.Repeat("</r>", n) }
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " a%d=''", i)
		}
		return "<r" + b.String() + "/>"
	}
	quoted := func(n int) string { return "<r a='" + strings.Repeat(`"`, n) + "'/>" }
	const mostQuotes = (maxWritten - len(`<r a=""/>`)) / len("&quot;")
	padded := func(n int) string { return "<r>" + strings.Repeat(" ", n-len("<r></r>")) + "</r>" }
	for name, c := range map[string]struct {
		doc  string
		want error
	}{
		"depth":           {nested(MaxDepth), nil},
		"depth + 1":       {nested(MaxDepth + 1), ErrTooLarge},
		"attributes":      {attributes(MaxAttributes), nil},
		"attributes + 1":  {attributes(MaxAttributes + 1), ErrTooLarge},
		"bytes":           {padded(MaxBytes), nil},
		"bytes + 1":       {padded(MaxBytes + 1), ErrTooLarge},
		"nodes + 1":       {"<r>" + strings.Repeat("<a/>", MaxNodes) + "</r>", ErrTooLarge},
		"references + 1":  {quoted(mostQuotes + 1), ErrTooLarge},
		"comments":        {"<r>" + strings.Repeat("<!---->", MaxNodes) + "</r>", ErrTooLarge},
		"reference, long": {"<r>&#" + strings.Repeat("0", maxReference) + "65;</r>", ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(c.doc)); c.want == nil && err != nil || !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	// The scanner alone, without the memory of the tree.
	if _, err := scan([]byte("<r>" + strings.Repeat("<a/>", MaxNodes-1) + "</r>")); err != nil {
		t.Errorf("nodes: %v", err)
	}
	if _, err := scan([]byte(quoted(mostQuotes))); err != nil {
		t.Errorf("references: %v", err)
	}
}

// TestCanonicalLimit has a namespace name that each of many elements repeats.
func TestCanonicalLimit(t *testing.T) {
	doc := `<r xmlns:p="urn:` + strings.Repeat("x", 1<<20) + `">` + strings.Repeat("<p:a/>", 64) + "</r>"
	if _, err := exclusive(mustParse(t, []byte(doc)).root, nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

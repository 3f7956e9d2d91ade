package verifytest

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
)

// drawPortrait is a real JPEG of a person nobody is: presentations carry pictures,
// and what handles them should see one.
func drawPortrait() []byte {
	const width, height = 120, 160
	img := image.NewGray(image.Rect(0, 0, width, height))
	inside := func(x, y, cx, cy, rx, ry int) bool {
		dx, dy := float64(x-cx)/float64(rx), float64(y-cy)/float64(ry)
		return dx*dx+dy*dy < 1
	}
	for y := range height {
		for x := range width {
			shade := uint8(210 + y/8)
			switch {
			case inside(x, y, 48, 62, 3, 3), inside(x, y, 72, 62, 3, 3), inside(x, y, 60, 86, 10, 2):
				shade = 60
			case inside(x, y, 60, 70, 26, 34):
				shade = 180
			case inside(x, y, 60, 58, 33, 40):
				shade = 90
			case inside(x, y, 60, 165, 52, 58):
				shade = 120
			}
			img.SetGray(x, y, color.Gray{Y: shade})
		}
	}
	var out bytes.Buffer
	_ = jpeg.Encode(&out, img, &jpeg.Options{Quality: 70}) // a buffer takes everything
	return out.Bytes()
}

// pictureURL is a JPEG as the PID Rulebook has it in an SD-JWT VC.
func pictureURL(portrait []byte) string {
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(portrait)
}

"""How the page looks, in the light and in the dark.

Colours are Gradio's, which follow the system. People are tall: no picture is
cut to fit.
"""

import gradio as gr

# Those of the system: none is fetched.
_FONT = ('system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", '
         'Arial, sans-serif')
_MONO_FONT = 'ui-monospace, Menlo, Consolas, monospace'

#: Beside Gradio's own.
CSS = '''
.gradio-container .main.app {
  max-width: 1280px; margin: 0 auto; padding: 20px 24px;
}
.gradio-container .html-container { padding: 0; }
/* Nothing, before a result is chosen. */
#detail:not(:has(section)) { display: none; }
.reid-header h1 { font-size: 1.6rem; font-weight: 650; margin: 0 0 4px; }
.reid-header p { margin: 0; color: var(--body-text-color-subdued); }
.reid-header dl {
  display: flex; flex-wrap: wrap; gap: 6px 24px; margin: 12px 0 0;
}
.reid-header dl div { display: flex; gap: 6px; min-width: 0; }
.reid-header dt { color: var(--body-text-color-subdued); }
.reid-header dd {
  margin: 0; font-weight: 600; overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums;
}

#query .image-frame img, #query img { object-fit: contain; }

.reid-examples p {
  margin: 0 0 6px; color: var(--body-text-color-subdued); font-size: .9rem;
}
.reid-examples > div { display: grid; gap: 6px;
  grid-template-columns: repeat(6, minmax(0, 1fr)); }
.reid-examples button {
  padding: 0; border: 1px solid var(--border-color-primary); cursor: pointer;
  border-radius: 6px; overflow: hidden; aspect-ratio: 1 / 2; line-height: 0;
  background: var(--background-fill-secondary);
}
.reid-examples img { width: 100%; height: 100%; object-fit: contain; }

.reid-notice {
  border: 1px solid var(--border-color-primary); border-radius: 10px;
  background: var(--background-fill-secondary); padding: 14px 16px;
}
.reid-notice p { margin: 4px 0 0; overflow-wrap: anywhere; }
.reid-notice.error { border-color: #d55e00; border-left-width: 5px; }
.reid-notice.empty {
  text-align: center; padding: 56px 24px; border-style: dashed;
  color: var(--body-text-color-subdued);
}
.reid-notice.empty strong { color: var(--body-text-color); }

.reid-results, .reid-detail { scroll-margin: 12px; }
.reid-count { margin: 0 0 10px; }
.reid-hint { color: var(--body-text-color-subdued); }
.reid-results ol {
  list-style: none; margin: 0; padding: 0; display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fill, minmax(112px, 1fr));
}
.reid-results li { margin: 0; padding: 0; min-width: 0; }
.reid-tile {
  width: 100%; height: 100%; display: flex; flex-direction: column;
  padding: 0 0 8px; cursor: pointer; text-align: left; overflow: hidden;
  border: 2px solid var(--border-color-primary); border-radius: 10px;
  background: var(--background-fill-primary); color: var(--body-text-color);
}
.reid-tile:hover { border-color: var(--body-text-color-subdued); }
.reid-tile:focus-visible, .reid-examples button:focus-visible {
  outline: 3px solid #0072b2; outline-offset: 2px;
}
.reid-tile.alike { border-color: #009e73; }
.reid-tile[aria-pressed=true] {
  border-color: #0072b2; box-shadow: 0 0 0 1px #0072b2;
}
.reid-frame {
  position: relative; display: block; width: 100%; aspect-ratio: 1 / 2;
  background: var(--background-fill-secondary);
}
.reid-frame img {
  position: absolute; inset: 0; width: 100%; height: 100%;
  object-fit: contain;
}
.reid-missing {
  position: absolute; inset: 0; display: flex; align-items: center;
  text-align: center; padding: 12px; font-size: .8rem;
  color: var(--body-text-color-subdued);
}
.reid-rank, .reid-sign {
  position: absolute; top: 6px; min-width: 24px; padding: 1px 6px;
  border-radius: 99px; font-size: .78rem; font-weight: 650; color: #fff;
  text-align: center; background: rgba(0, 0, 0, .68);
}
.reid-rank { left: 6px; }
.reid-sign { right: 6px; background: #00795a; }
.reid-score {
  padding: 7px 9px 2px; font-weight: 650; font-variant-numeric: tabular-nums;
}
.reid-line {
  padding: 0 9px; font-size: .82rem; color: var(--body-text-color-subdued);
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
}

.reid-detail {
  border: 1px solid var(--border-color-primary); border-radius: 10px;
  background: var(--background-fill-primary); padding: 14px 16px;
  margin-bottom: 14px;
}
.reid-detail h2 { font-size: 1.1rem; font-weight: 650; margin: 0; }
.reid-detail h2 span {
  font-weight: 400; color: var(--body-text-color-subdued); margin-left: 6px;
  font-variant-numeric: tabular-nums;
}
.reid-name {
  margin: 2px 0 10px; font-size: .88rem; overflow-wrap: anywhere;
}
.reid-name span { color: var(--body-text-color-subdued); }
.reid-detail .reid-notice { margin-bottom: 12px; padding: 10px 14px; }
.reid-pair { display: flex; flex-wrap: wrap; gap: 14px 28px; }
.reid-side { flex: 1 1 300px; min-width: 0; max-width: 460px; }
.reid-side h3 {
  font-size: .88rem; font-weight: 600; margin: 0 0 6px;
}
.reid-side > div {
  display: grid; gap: 8px; grid-template-columns: repeat(3, minmax(0, 1fr));
}
.reid-detail figure { margin: 0; }
.reid-detail figure img {
  display: block; width: 100%; aspect-ratio: 1 / 2; object-fit: contain;
  background: var(--background-fill-secondary); border-radius: 6px;
}
.reid-detail figcaption {
  font-size: .78rem; color: var(--body-text-color-subdued); margin-top: 4px;
}
.reid-legend {
  margin: 10px 0 0; font-size: .82rem; color: var(--body-text-color-subdued);
}
.reid-scale {
  display: inline-block; width: 64px; height: 9px; border-radius: 99px;
  margin-right: 4px; background: linear-gradient(90deg,
    #00007f, #007fff, #7fff7f, #ff7f00, #7f0000);
}
.reid-detail details { margin-top: 12px; }
.reid-detail summary { cursor: pointer; font-size: .88rem; }
.reid-detail details .reid-pair { margin-top: 10px; }

.reid-footer {
  margin-top: 20px; padding-top: 12px; font-size: .85rem;
  border-top: 1px solid var(--border-color-primary);
  color: var(--body-text-color-subdued);
}
.reid-footer p { margin: 0 0 6px; max-width: 90ch; }

@media (max-width: 640px) {
  .gradio-container .main.app { padding: 14px 12px; }
  .reid-results ol {
    gap: 8px; grid-template-columns: repeat(3, minmax(0, 1fr));
  }
  .reid-notice.empty { padding: 28px 16px; }
  /* So that something of what was found is seen below. */
  #query { height: 250px !important; }
}
@media (prefers-reduced-motion: no-preference) {
  html { scroll-behavior: smooth; }
}
'''


def page_theme() -> gr.themes.Base:
    """Gradio's, with the colours of the ranked lists and fonts of the
    system."""
    theme = gr.themes.Base(
        primary_hue=gr.themes.colors.sky,
        neutral_hue=gr.themes.colors.zinc,
        radius_size=gr.themes.sizes.radius_md,
        font=['sans-serif'],
        font_mono=['monospace'])
    # As Gradio would write them, no name could be a generic one (system-ui).
    theme.font, theme.font_mono = _FONT, _MONO_FONT
    # Gradio's are too pale to read.
    return theme.set(
        body_text_color_subdued='*neutral_500',
        body_text_color_subdued_dark='*neutral_400',
        block_border_width='1px')
